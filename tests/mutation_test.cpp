// A seeded share of what mutate_checkpoint does at length: every container, truncated and damaged.
#include "tests/mutation.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace quantrial::mutation {
namespace {

class Damaged : public ::testing::TestWithParam<const char*> {
 protected:
  Damaged() : patient_(std::filesystem::path(QUANTRIAL_ORACLES) / GetParam()) {}

  // Success or Error is all that may happen; a message is one line.
  void open(const std::string& damage) {
    SCOPED_TRACE(damage);
    const std::string message = exercise(patient_.dir(), Depth::model);
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    (message.empty() ? opened_ : refused_) += 1;
  }

  Patient patient_;
  int opened_ = 0, refused_ = 0;
};

TEST_P(Damaged, TruncatedFilesAreRefused) {
  ASSERT_EQ(exercise(patient_.dir(), Depth::model), "");
  for (const auto& [file, bytes] : patient_.files()) {
    const uint64_t steps = 8;
    for (uint64_t i = 1; i <= steps; ++i) {
      const uint64_t keep = bytes.size() - bytes.size() * i / steps - (i < steps ? 1 : 0);
      patient_.truncate(file, keep);
      open(fmt::format("{} cut to {} bytes", file, keep));
    }
    patient_.restore();
  }
  EXPECT_GT(refused_, 20);
}

TEST_P(Damaged, RandomDamageGivesSuccessOrError) {
  for (uint64_t i = 0; i < 60; ++i) {
    open(fmt::format("mutation {}: {}", i, patient_.mutate(Choice(1, i))));
    patient_.restore();
  }
  EXPECT_GT(opened_, 0);
  EXPECT_GT(refused_, 0);
}

INSTANTIATE_TEST_SUITE_P(Oracles, Damaged,
                         ::testing::Values("tiny/mm", "autoround_int4", "fp8_hf_block128",
                                           "awq_int4_g32", "nvfp4_llmc"),
                         [](const auto& test) {
                           return std::filesystem::path(test.param).filename().string();
                         });

}  // namespace
}  // namespace quantrial::mutation

// CONTRIBUTING.md says that a new weight format is its header and one line in formats.h, and then
// runs on every backend. CMakeLists.txt does that to a copy of formats.h with binary_row.h, and
// builds the backends with it; this is what they make of the format.
#include <gtest/gtest.h>

#include "ops/backend.h"
#include "tests/instruction_sets.h"
#include "tests/random_weights.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

constexpr int64_t N = 37, K = 1501;  // neither fills its tiles
constexpr BackendOptions fp32{.precision = Precision::fp32, .threads = 2};

Weight random_binary() {
  Random random(1);
  return BinaryRow{N, K, Array(random.bytes(N * ((K + 7) / 8))), Array(random.floats(N))};
}

std::vector<float> product(Backend& backend, std::span<const float> x) {
  const auto w = backend.upload(random_binary());
  const int64_t T = static_cast<int64_t>(x.size()) / K;
  std::vector<float> y(static_cast<size_t>(T * N));
  backend.linear({x.data(), {T, K}}, *w, {y.data(), {T, N}});
  return y;
}

class NewFormat : public EachInstructionSet {};
INSTANTIATE_TEST_SUITE_P(On, NewFormat, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

TEST_P(NewFormat, MultipliesAsTheReferenceDoes) {
  for (const int64_t T : {1, 4, 7}) {
    const std::vector<float> x = Random(2).floats(T * K);
    const std::vector<float> ours = product(*make_cpu_backend(fp32), x);
    const std::vector<float> expected = product(*make_reference_backend(fp32), x);
    float largest = 0;
    for (const float y : expected) largest = std::max(largest, std::abs(y));
    for (size_t i = 0; i < ours.size(); ++i) {
      EXPECT_NEAR(ours[i], expected[i], tolerance::operation * static_cast<double>(largest)) << i;
    }
  }
}

TEST_P(NewFormat, RowDoesNotDependOnTheBatch) {
  const auto backend = make_cpu_backend(fp32);
  const std::vector<float> x = Random(2).floats(9 * K);
  const std::vector<float> together = product(*backend, x);
  for (int64_t t = 0; t < 9; ++t) {
    const auto alone = product(*backend, std::span(x).subspan(static_cast<size_t>(t * K), K));
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + t * N)) << t;
  }
}

TEST_P(NewFormat, Embeds) {
  const std::vector<int32_t> tokens = {36, 0};
  const auto backend = make_cpu_backend(fp32);
  const Weight table = random_binary();
  std::vector<float> y(2 * K), row(K);
  backend->embed(tokens, *backend->upload(random_binary()), {y.data(), {2, K}});
  decode_row(table, 36, row);
  EXPECT_TRUE(std::equal(row.begin(), row.end(), y.begin()));
  EXPECT_EQ(format_name(table), "binary");
}

}  // namespace
}  // namespace quantrial

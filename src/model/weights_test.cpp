#include "model/weights.h"

#include <gtest/gtest.h>

namespace quantrial {
namespace {

constexpr int64_t MiB = int64_t{1} << 20;

TEST(CheckRoom, RefusesWhatACopyWouldNotFitIn) {
  check_room("lm_head", 300 * MiB, 500 * MiB);
  try {
    check_room("lm_head", 301 * MiB, 500 * MiB);
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("lm_head: 316 MB of weights, 524 MB of memory left"), std::string::npos)
        << message;
  }
}

}  // namespace
}  // namespace quantrial

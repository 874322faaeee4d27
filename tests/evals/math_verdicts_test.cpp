// The maths ladder beside math-verify 0.9.0 on stored pairs (make_math_verdicts.py). Where the two
// differ the pair has a reason, and the verdict that follows from how it was made counts.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/compressed_file.h"
#include "evals/graders/maths/equal_answers.h"

namespace quantrial {
namespace {

TEST(MathVerdicts, AreThoseOfMathVerifyOrHaveAReason) {
  std::istringstream lines(read_maybe_compressed(
      std::string(QUANTRIAL_SOURCE) + "/tests/evals/math_verdicts.jsonl.xz", 16 << 20));
  int64_t pairs = 0, right_pairs = 0, disagreements = 0;
  for (std::string line; std::getline(lines, line); ++pairs) {
    const auto row = nlohmann::json::parse(line);
    const auto gold = row[0].get<std::string>(), answer = row[1].get<std::string>();
    const bool right = row[2], of_math_verify = row[3];
    EXPECT_EQ(maths::equal_answers(gold, answer) == maths::Equality::same, right) << line;
    right_pairs += right ? 1 : 0;
    if (right == of_math_verify) continue;
    ++disagreements;
    EXPECT_TRUE(row.size() == 5 && row[4].is_string()) << line;
  }
  EXPECT_GE(right_pairs, 2000);
  EXPECT_GE(pairs - right_pairs, 2000);
  EXPECT_LT(disagreements * 20, pairs);
}

}  // namespace
}  // namespace quantrial

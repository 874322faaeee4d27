// The maths ladder beside math-verify 0.9.0 on stored pairs (make_math_verdicts.py). Where the two
// differ the pair has a reason, and the verdict that follows from how it was made counts.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/compressed_file.h"
#include "evals/graders/maths/equal_answers.h"

namespace quantrial {
namespace {

struct Counts {
  int64_t pairs = 0, right = 0, disagreements = 0;
};

Counts checked_pairs(const std::string& file) {
  std::istringstream lines(
      read_maybe_compressed(std::string(QUANTRIAL_SOURCE) + "/tests/evals/" + file, 16 << 20));
  Counts counts;
  for (std::string line; std::getline(lines, line); ++counts.pairs) {
    const auto row = nlohmann::json::parse(line);
    const auto gold = row[0].get<std::string>(), answer = row[1].get<std::string>();
    const bool right = row[2], of_math_verify = row[3];
    EXPECT_EQ(maths::equal_answers(gold, answer) == maths::Equality::same, right) << line;
    counts.right += right ? 1 : 0;
    if (right == of_math_verify) continue;
    ++counts.disagreements;
    EXPECT_TRUE(row.size() == 5 && row[4].is_string()) << line;
  }
  return counts;
}

TEST(MathVerdicts, AreThoseOfMathVerifyOrHaveAReason) {
  const Counts counts = checked_pairs("math_verdicts.jsonl.xz");
  EXPECT_GE(counts.right, 2000);
  EXPECT_GE(counts.pairs - counts.right, 2000);
  EXPECT_LT(counts.disagreements * 20, counts.pairs);
}

// Chosen for being hard, so that math-verify errs on many.
TEST(MathVerdicts, OfHostileAnswers) { EXPECT_GE(checked_pairs("math_hostile.jsonl").pairs, 50); }

}  // namespace
}  // namespace quantrial

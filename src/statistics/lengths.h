// Generated tokens, and how they go with being right (evaluation.md 2.8).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "statistics/interval.h"

namespace quantrial::statistics {

// One sample: its generated tokens, whether it is right, whether it was cut off at its limit.
struct Length {
  double tokens = 0;
  bool right = false;
  bool cut = false;
};
// The samples of one question.
using QuestionLengths = std::vector<Length>;

// sum of mean lengths of B / sum of mean lengths of A over the same questions; bootstrap.
Interval length_ratio(std::span<const QuestionLengths> a, std::span<const QuestionLengths> b,
                      uint64_t seed);
// exp(mean of log(mean length of B / mean length of A)), t interval of the logs. Lengths > 0.
Interval geometric_length_ratio(std::span<const QuestionLengths> a,
                                std::span<const QuestionLengths> b);

// The area under the Kaplan-Meier curve up to `cap`: the mean of min(length, cap) when samples that
// were cut off count as censored. All samples together.
double restricted_mean(std::span<const QuestionLengths> questions, double cap);

// Correlation of length and being right within questions: of the deviations from each question's
// means. Absent when nothing varies. Bootstrap over questions.
std::optional<Interval> within_question_correlation(std::span<const QuestionLengths> questions,
                                                    uint64_t seed);

// Shares of the samples within a budget of tokens; every question counts the same.
struct BudgetShares {
  double accuracy = 0;  // right and no longer
  double ended = 0;     // no longer
};
std::vector<BudgetShares> shares_at_budgets(std::span<const QuestionLengths> questions,
                                            std::span<const double> budgets);

// mean length of B - mean length of A = right + wrong + failures, where `right` is what right
// samples add, `wrong` what wrong ones add, and `failures` what more wrong samples add.
struct LengthDecomposition {
  double total = 0, right = 0, wrong = 0, failures = 0;
};
// Absent when a variant has no right or no wrong sample.
std::optional<LengthDecomposition> decompose(std::span<const QuestionLengths> a,
                                             std::span<const QuestionLengths> b);

}  // namespace quantrial::statistics

// Answers that change from right to wrong and back, made fair for sampling: two runs of one model
// flip too (evaluation.md 2.5; "Accuracy is Not All You Need", arXiv 2407.09141).
#pragma once

#include <cstdint>
#include <span>

namespace quantrial::statistics {

// The samples of one question under two variants; 1: right, 0: wrong.
struct QuestionPair {
  std::span<const uint8_t> a, b;
};

struct Flips {
  double cross = 0;               // P(a sample of A and one of B differ in being right)
  double self_a = 0, self_b = 0;  // the same for two samples of one variant
  double excess = 0;              // unbiased mean of (p_A - p_B)^2
  double lost = 0, gained = 0;    // the parts of `cross`: A right B wrong, A wrong B right
};

// Whether sample k of both variants was drawn with the same seed: their outcomes are coupled then,
// which the unbiased estimate takes out.
enum class Seeds { independent, shared };

// At least two samples of each variant a question; with shared seeds equally many.
Flips flips(std::span<const QuestionPair> questions, Seeds seeds);

}  // namespace quantrial::statistics

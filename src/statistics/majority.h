// maj@k (self-consistency, Wang et al., arXiv 2203.11171), exactly: the expectation over all
// choices of k of the K samples, ties broken uniformly. No "first k" noise.
#pragma once

#include <cstdint>
#include <span>

namespace quantrial::statistics {

// The K answers of a question in classes of equal answers.
struct Votes {
  int64_t right = 0;                // samples with the right answer
  std::span<const int64_t> others;  // sizes of the classes of wrong answers
  int64_t none = 0;                 // samples without an answer: they never win
};

struct MajorityVote {
  double right = 0;  // probability that the vote gives the right answer
  double tied = 0;   // probability that the right answer shares the first place
};

// 1 <= k <= K. When no chosen sample has an answer the vote is wrong.
MajorityVote majority_at_k(const Votes& votes, int64_t k);

}  // namespace quantrial::statistics

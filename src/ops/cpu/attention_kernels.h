// Attention of a block of query rows over one page of keys and values, by vectors: softmax goes
// along page by page (Milakov & Gimelshein 2018, arXiv 1805.02867; Dao et al. 2022, arXiv
// 2205.14135). A row's bits do not depend on the other rows of its block.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/backend.h"

namespace quantrial::kernels {

// The first positions of a page under one key head; T is float or bfloat16. The first `alike` rows
// see `count` of them, the next as many one more, and so on until the page ends.
template <typename T>
struct PagePart {
  const T *keys, *values;  // row j[D] at j * stride
  int64_t stride, count, alike;
  int64_t seen_by(int64_t m) const { return std::min(page_tokens, count + m / alike); }
};

// M query rows and what is known of each after the pages so far.
struct AttentionRows {
  int64_t M, D;
  float* q;        // [M, D], times D^-1/2
  float* y;        // [M, D], sum of exp(score - largest) v
  float* scores;   // [M, page_tokens], scratch
  float* largest;  // [M], of the scores
  float* total;    // [M], sum of exp(score - largest)
  float* rescale;  // [M], scratch

  static int64_t floats(int64_t M, int64_t D) { return M * (2 * D + page_tokens + 3); }
  AttentionRows(int64_t M_, int64_t D_, float* memory)
      : M(M_),
        D(D_),
        q(memory),
        y(q + M * D),
        scores(y + M * D),
        largest(scores + M * page_tokens),
        total(largest + M),
        rescale(total + M) {}
  AttentionRows part(int64_t first, int64_t count) const {
    AttentionRows some = *this;
    some.M = count;
    some.q += first * D;
    some.y += first * D;
    some.scores += first * page_tokens;
    some.largest += first;
    some.total += first;
    some.rescale += first;
    return some;
  }
};

void attend_page(const AttentionRows& rows, const PagePart<float>& page);
void attend_page(const AttentionRows& rows, const PagePart<bfloat16>& page);

}  // namespace quantrial::kernels

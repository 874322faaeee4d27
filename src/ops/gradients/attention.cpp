// Causal attention in blocks of queries against all keys before them.
//   s_ij = q_i . k_j / sqrt(D), p_ij = exp(s_ij - log_sum_i), y_i = sum_j p_ij v_j
//   dv_j = sum_i p_ij dy_i
//   ds_ij = p_ij (dy_i . v_j - dy_i . y_i) / sqrt(D)
//   dq_i = sum_j ds_ij k_j, dk_j = sum_i ds_ij q_i
#include <cmath>

#include "ops/cpu/kernels.h"
#include "ops/gradients/gradients.h"
#include "ops/gradients/score_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/attention.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

// Scores become exp(score - largest of the query), the number to divide by goes to `sum`.
void Softmax(const ScoreBlock& block, float* sum) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto scale = hn::Set(d, block.scale);
  for (int64_t i = 0; i < block_queries; i += lanes) {
    auto largest = hn::LoadU(d, block.p + i);
    for (int64_t j = 1; j < block.keys; ++j) {
      largest = hn::Max(largest, hn::LoadU(d, block.p + j * block_queries + i));
    }
    largest = hn::Mul(largest, scale);
    auto total = hn::Zero(d);
    for (int64_t j = 0; j < block.keys; ++j) {
      float* at = block.p + j * block_queries + i;
      const auto p = hn::Exp(d, hn::Sub(hn::Mul(hn::LoadU(d, at), scale), largest));
      hn::StoreU(p, d, at);
      total = hn::Add(total, p);
    }
    hn::StoreU(total, d, sum + i);
    hn::StoreU(hn::Add(largest, hn::Log(d, total)), d, block.log_sum + i);
  }
}

void Backward(const ScoreBlock& block, const ScoreGradients& gradients) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto scale = hn::Set(d, block.scale);
  for (int64_t i = 0; i < block_queries; i += lanes) {
    const auto log_sum = hn::LoadU(d, block.log_sum + i);
    const auto along = hn::LoadU(d, gradients.along + i);
    for (int64_t j = 0; j < block.keys; ++j) {
      const int64_t at = j * block_queries + i;
      const auto p = hn::Exp(d, hn::Sub(hn::Mul(hn::LoadU(d, block.p + at), scale), log_sum));
      const auto change = hn::Sub(hn::LoadU(d, gradients.ds + at), along);
      hn::StoreU(p, d, block.p + at);
      hn::StoreU(hn::Mul(hn::Mul(p, change), scale), d, gradients.ds + at);
    }
  }
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(Softmax);
HWY_EXPORT(Backward);

namespace {

// Query rows [first, first + rows) of a sequence under one head, and what they read.
struct Block {
  const Attention& attention;
  int64_t head, sequence, first, rows;

  Block(const Attention& a, int64_t sequence_, int64_t head_, int64_t first_)
      : attention(a),
        head(head_),
        sequence(sequence_),
        first(first_),
        rows(std::min(block_queries, a.sequence_length - first_)) {}

  int64_t D() const { return attention.q.shape(2); }
  int64_t keys() const { return first + rows; }
  float scale() const { return 1 / std::sqrt(static_cast<float>(D())); }
  int64_t key_head() const { return head / (attention.q.shape(1) / attention.k.shape(1)); }
  // Of a tensor [T, H, D]: this block's rows; of [T, H_kv, D]: all of the sequence's keys.
  template <typename T>
  T* query_rows(View<T, 3> x) const {
    return x.data() + ((sequence * attention.sequence_length + first) * x.shape(1) + head) * D();
  }
  template <typename T>
  T* key_rows(View<T, 3> x) const {
    return x.data() + (sequence * attention.sequence_length * x.shape(1) + key_head()) * D();
  }
  int64_t row(int64_t i) const { return sequence * attention.sequence_length + first + i; }
};

template <typename T>
int64_t row_stride(View<T, 3> x) {
  return x.shape(1) * x.shape(2);
}

// to[keys, block_queries] = m[keys, D] x[rows, D]^T, m like k and x like q.
void score(const Block& b, View<const float, 3> m, View<const float, 3> x, float* to,
           float* scratch) {
  multiply({.a = {b.key_rows(m), row_stride(m)},
            .b = transposed({b.query_rows(x), row_stride(x)}),
            .c = to,
            .c_stride = block_queries,
            .M = b.keys(),
            .N = b.rows,
            .K = b.D(),
            .factors = b.attention.factors},
           scratch);
  for (int64_t j = 0; b.rows < block_queries && j < b.keys(); ++j) {
    std::fill(to + j * block_queries + b.rows, to + (j + 1) * block_queries, 0.0f);
  }
}

// Queries do not see the keys after them: numbers of those become `value`.
void set_unseen(const Block& b, float* s, float value) {
  for (int64_t r = 1; r < b.rows; ++r) std::fill_n(s + (b.first + r) * block_queries, r, value);
}

// to[rows, D] = p[keys, block_queries]^T m[keys, D], m like v and to like q.
void mix(const Block& b, const float* p, View<const float, 3> m, View<float, 3> to,
         float* scratch) {
  multiply({.a = transposed({p, block_queries}),
            .b = {b.key_rows(m), row_stride(m)},
            .c = b.query_rows(to),
            .c_stride = row_stride(to),
            .M = b.rows,
            .N = b.D(),
            .K = b.keys(),
            .factors = b.attention.factors},
           scratch);
}

// to[keys, D] += p[keys, block_queries] x[rows, D], x like q and to like k.
void spread(const Block& b, const float* p, View<const float, 3> x, View<float, 3> to,
            float* scratch) {
  multiply({.a = {p, block_queries},
            .b = {b.query_rows(x), row_stride(x)},
            .c = b.key_rows(to),
            .c_stride = row_stride(to),
            .M = b.keys(),
            .N = b.D(),
            .K = b.rows,
            .into = Into::add,
            .factors = b.attention.factors},
           scratch);
}

// A score that gives probability 0, and whose exp() is in range.
constexpr float unseen_score = -1e30f;

void block_forward(const Block& b, View<float, 3> y, View<float, 2> log_sum, float* scratch) {
  const Attention& a = b.attention;
  float* p = scratch + product_scratch_floats();
  float sums[block_queries], logs[block_queries];
  score(b, a.k, a.q, p, scratch);
  set_unseen(b, p, unseen_score);
  HWY_DYNAMIC_DISPATCH(Softmax)
  ({.p = p, .keys = b.keys(), .scale = b.scale(), .log_sum = logs}, sums);
  mix(b, p, a.v, y, scratch);
  for (int64_t i = 0; i < b.rows; ++i) {
    log_sum.data()[b.row(i) * a.q.shape(1) + b.head] = logs[i];
    const float inverse = 1 / sums[i];
    float* row = b.query_rows(y) + i * row_stride(y);
    for (int64_t d = 0; d < b.D(); ++d) row[d] *= inverse;
  }
}

void block_backward(const Block& b, const AttentionOutput& output,
                    const AttentionGradients& gradients, float* scratch) {
  const Attention& a = b.attention;
  float* p = scratch + product_scratch_floats();
  float* ds = p + block_queries * a.sequence_length;
  float logs[block_queries] = {}, along[block_queries] = {};
  for (int64_t i = 0; i < b.rows; ++i) {
    const int64_t at = i * row_stride(a.q);
    logs[i] = output.log_sum.data()[b.row(i) * a.q.shape(1) + b.head];
    along[i] = kernels::dot(b.query_rows(output.y) + at, b.query_rows(output.dy) + at, b.D());
  }
  score(b, a.k, a.q, p, scratch);
  score(b, a.v, output.dy, ds, scratch);
  set_unseen(b, p, unseen_score);
  HWY_DYNAMIC_DISPATCH(Backward)
  ({.p = p, .keys = b.keys(), .scale = b.scale(), .log_sum = logs}, {.ds = ds, .along = along});
  spread(b, p, output.dy, gradients.dv, scratch);
  spread(b, ds, a.q, gradients.dk, scratch);
  mix(b, ds, a.k, gradients.dq, scratch);
}

}  // namespace

void attention(const Attention& a, View<float, 3> y, View<float, 2> log_sum, Workers& workers) {
  const int64_t L = a.sequence_length, H = a.q.shape(1);
  const int64_t blocks = (L + block_queries - 1) / block_queries;
  const int64_t scratch_floats = product_scratch_floats() + block_queries * L;
  workers.for_each(a.q.shape(0) / L * H * blocks, scratch_floats, [&](int64_t i, float* scratch) {
    const Block b(a, i / (blocks * H), i / blocks % H, i % blocks * block_queries);
    block_forward(b, y, log_sum, scratch);
  });
}

void attention_backward(const Attention& a, const AttentionOutput& output,
                        const AttentionGradients& gradients, Workers& workers) {
  const int64_t L = a.sequence_length, H_kv = a.k.shape(1), shared = a.q.shape(1) / H_kv;
  const int64_t scratch_floats = product_scratch_floats() + 2 * block_queries * L;
  workers.for_each(a.q.shape(0) / L * H_kv, scratch_floats, [&](int64_t i, float* scratch) {
    const int64_t sequence = i / H_kv, key_head = i % H_kv;
    const int64_t stride = row_stride(a.k), D = a.k.shape(2);
    for (int64_t t = sequence * L; t < (sequence + 1) * L; ++t) {
      std::fill_n(gradients.dk.data() + t * stride + key_head * D, D, 0.0f);
      std::fill_n(gradients.dv.data() + t * stride + key_head * D, D, 0.0f);
    }
    for (int64_t h = key_head * shared; h < (key_head + 1) * shared; ++h) {
      for (int64_t first = 0; first < L; first += block_queries) {
        block_backward(Block(a, sequence, h, first), output, gradients, scratch);
      }
    }
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE

// Causal attention in blocks of query rows against all keys before them.
//   s_ij = q_i . k_j / sqrt(D), p_ij = exp(s_ij - log_sum_i), y_i = sum_j p_ij v_j
//   dv_j = sum_i p_ij dy_i
//   ds_ij = p_ij (dy_i . v_j - dy_i . y_i) / sqrt(D)
//   dq_i = sum_j ds_ij k_j, dk_j = sum_i ds_ij q_i
#include <cmath>

#include "ops/cpu/kernels.h"
#include "ops/gradients/gradients.h"
#include "ops/gradients/score_row.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/attention.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

// scores[count] become probabilities; returns the log of their sum before.
float Softmax(float* scores, int64_t count, float scale) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  float largest = scores[0];
  int64_t at = 0;
  if (count >= lanes) {
    auto most = hn::LoadU(d, scores);
    for (; at + lanes <= count; at += lanes) most = hn::Max(most, hn::LoadU(d, scores + at));
    largest = hn::GetLane(hn::MaxOfLanes(d, most));
  }
  for (; at < count; ++at) largest = std::max(largest, scores[at]);
  largest *= scale;
  const auto factor = hn::Set(d, scale), shift = hn::Set(d, largest);
  Elementwise<1, 1>({scores}, {scores}, count, [&](const Vector* in, Vector* out) {
    out[0] = hn::Exp(d, hn::Sub(hn::Mul(in[0], factor), shift));
  });
  const float sum = Sum<1>({scores}, count, [](const Vector* v) { return v[0]; });
  const auto inverse = hn::Set(d, 1 / sum);
  Elementwise<1, 1>({scores}, {scores}, count,
                    [&](const Vector* in, Vector* out) { out[0] = hn::Mul(in[0], inverse); });
  return largest + std::log(sum);
}

void ScoreGradients(const ScoreRow& row) {
  const Lanes d;
  const auto scale = hn::Set(d, row.scale), log_sum = hn::Set(d, row.log_sum);
  const auto mean = hn::Set(d, row.along);
  Elementwise<2, 2>({row.p, row.ds}, {row.p, row.ds}, row.count,
                    [&](const Vector* in, Vector* out) {
                      out[0] = hn::Exp(d, hn::Sub(hn::Mul(in[0], scale), log_sum));
                      out[1] = hn::Mul(hn::Mul(out[0], hn::Sub(in[1], mean)), scale);
                    });
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(Softmax);
HWY_EXPORT(ScoreGradients);

namespace {

// Query rows of one head that are taken at once.
constexpr int64_t block_rows = 64;

// Query rows [first, first + rows) of a sequence under one head, and what they read.
struct Block {
  const Attention& attention;
  int64_t head, sequence, first, rows;

  Block(const Attention& a, int64_t sequence_, int64_t head_, int64_t first_)
      : attention(a),
        head(head_),
        sequence(sequence_),
        first(first_),
        rows(std::min(block_rows, a.sequence_length - first_)) {}

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

// to[rows, keys] = x[rows, D] m[keys, D]^T, x like q and m like k.
void score(const Block& b, View<const float, 3> x, View<const float, 3> m, float* to,
           float* scratch) {
  multiply({.a = {b.query_rows(x), row_stride(x)},
            .b = transposed({b.key_rows(m), row_stride(m)}),
            .c = to,
            .c_stride = b.keys(),
            .M = b.rows,
            .N = b.keys(),
            .K = b.D()},
           scratch);
}

// to[rows, D] = p[rows, keys] m[keys, D], m like v.
void mix(const Block& b, const float* p, View<const float, 3> m, View<float, 3> to,
         float* scratch) {
  multiply({.a = {p, b.keys()},
            .b = {b.key_rows(m), row_stride(m)},
            .c = b.query_rows(to),
            .c_stride = row_stride(to),
            .M = b.rows,
            .N = b.D(),
            .K = b.keys()},
           scratch);
}

// to[keys, D] += p[rows, keys]^T x[rows, D].
void spread(const Block& b, const float* p, View<const float, 3> x, View<float, 3> to,
            float* scratch) {
  multiply({.a = transposed({p, b.keys()}),
            .b = {b.query_rows(x), row_stride(x)},
            .c = b.key_rows(to),
            .c_stride = row_stride(to),
            .M = b.keys(),
            .N = b.D(),
            .K = b.rows,
            .into = Into::add},
           scratch);
}

void block_backward(const Block& b, const AttentionOutput& output,
                    const AttentionGradients& gradients, float* scratch) {
  const Attention& a = b.attention;
  float* p = scratch + product_scratch_floats();
  float* ds = p + block_rows * a.sequence_length;
  score(b, a.q, a.k, p, scratch);
  score(b, output.dy, a.v, ds, scratch);
  const int64_t H = a.q.shape(1);
  for (int64_t i = 0; i < b.rows; ++i) {
    const int64_t seen = b.first + i + 1;
    const int64_t at = i * row_stride(a.q);
    HWY_DYNAMIC_DISPATCH(ScoreGradients)
    ({.p = p + i * b.keys(),
      .ds = ds + i * b.keys(),
      .count = seen,
      .scale = b.scale(),
      .log_sum = output.log_sum.data()[b.row(i) * H + b.head],
      .along = kernels::dot(b.query_rows(output.y) + at, b.query_rows(output.dy) + at, b.D())});
    std::fill(p + i * b.keys() + seen, p + (i + 1) * b.keys(), 0.0f);
    std::fill(ds + i * b.keys() + seen, ds + (i + 1) * b.keys(), 0.0f);
  }
  spread(b, p, output.dy, gradients.dv, scratch);
  spread(b, ds, a.q, gradients.dk, scratch);
  mix(b, ds, a.k, gradients.dq, scratch);
}

}  // namespace

void attention(const Attention& a, View<float, 3> y, View<float, 2> log_sum, Workers& workers) {
  const int64_t L = a.sequence_length, H = a.q.shape(1);
  const int64_t blocks = (L + block_rows - 1) / block_rows;
  const int64_t scratch_floats = product_scratch_floats() + block_rows * L;
  workers.for_each(a.q.shape(0) / L * H * blocks, scratch_floats, [&](int64_t i, float* scratch) {
    const Block b(a, i / (blocks * H), i / blocks % H, i % blocks * block_rows);
    float* p = scratch + product_scratch_floats();
    score(b, a.q, a.k, p, scratch);
    for (int64_t r = 0; r < b.rows; ++r) {
      float* row = p + r * b.keys();
      const int64_t seen = b.first + r + 1;
      log_sum.data()[b.row(r) * H + b.head] = HWY_DYNAMIC_DISPATCH(Softmax)(row, seen, b.scale());
      std::fill(row + seen, row + b.keys(), 0.0f);
    }
    mix(b, p, a.v, y, scratch);
  });
}

void attention_backward(const Attention& a, const AttentionOutput& output,
                        const AttentionGradients& gradients, Workers& workers) {
  const int64_t L = a.sequence_length, H_kv = a.k.shape(1), shared = a.q.shape(1) / H_kv;
  const int64_t scratch_floats = product_scratch_floats() + 2 * block_rows * L;
  workers.for_each(a.q.shape(0) / L * H_kv, scratch_floats, [&](int64_t i, float* scratch) {
    const int64_t sequence = i / H_kv, key_head = i % H_kv;
    const int64_t stride = row_stride(a.k), D = a.k.shape(2);
    for (int64_t t = sequence * L; t < (sequence + 1) * L; ++t) {
      std::fill_n(gradients.dk.data() + t * stride + key_head * D, D, 0.0f);
      std::fill_n(gradients.dv.data() + t * stride + key_head * D, D, 0.0f);
    }
    for (int64_t h = key_head * shared; h < (key_head + 1) * shared; ++h) {
      for (int64_t first = 0; first < L; first += block_rows) {
        block_backward(Block(a, sequence, h, first), output, gradients, scratch);
      }
    }
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE

// Causal attention in blocks of queries against all keys before them.
//   s_ij = q_i . k_j / sqrt(D), p_ij = exp(s_ij - log_sum_i), y_i = sum_j p_ij v_j
//   dv_j = sum_i p_ij dy_i
//   ds_ij = p_ij (dy_i . v_j - dy_i . y_i) / sqrt(D)
//   dq_i = sum_j ds_ij k_j, dk_j = sum_i ds_ij q_i
#include <cmath>

#include "ops/cpu/kernels.h"
#include "ops/gradients/gradients.h"
#include "ops/gradients/score_block.h"
#include "ops/gradients/scratch.h"
#include "ops/gradients/softmax_bf16.h"

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

// What the blocks of a head work in.
struct Memory {
  float* products;                  // product_scratch_floats()
  float *left, *ds_left, *ds_rows;  // factors of one block: of p or ds, and of ds alone
  float* right;
  float *p, *ds;                  // [L, block_queries]
  float* divided;                 // [block_queries, D]
  float *first, *second, *third;  // keys or values as factors, [L, D] each

  static constexpr Strided::Major along = Strided::Major::row, across = Strided::Major::column;
  static int64_t left_size(const Attention& a) {
    const int64_t L = a.sequence_length;
    return std::max(left_floats({.major = along}, L, block_queries, a.factors),
                    left_floats({.major = across}, block_queries, L, a.factors));
  }
  static int64_t right_size(const Attention& a) {
    const int64_t D = a.q.shape(2);
    return std::max(right_floats(D, block_queries, a.factors),
                    right_floats(block_queries, D, a.factors));
  }
  static int64_t keys_size(const Attention& a) {
    const int64_t L = a.sequence_length, D = a.q.shape(2);
    return std::max(left_floats({.major = along}, L, D, a.factors), right_floats(L, D, a.factors));
  }
  static int64_t floats(const Attention& a) {
    return product_scratch_floats() + 3 * left_size(a) + right_size(a) + 3 * keys_size(a) +
           block_queries * (2 * a.sequence_length + a.q.shape(2)) + 11 * 16;
  }

  Memory(const Attention& a, float* memory) : Memory(a, Scratch(memory)) {}

 private:
  Memory(const Attention& a, Scratch scratch)
      : products(scratch.take(product_scratch_floats())),
        left(scratch.take(left_size(a))),
        ds_left(scratch.take(left_size(a))),
        ds_rows(scratch.take(left_size(a))),
        right(scratch.take(right_size(a))),
        p(scratch.take(block_queries * a.sequence_length)),
        ds(scratch.take(block_queries * a.sequence_length)),
        divided(scratch.take(block_queries * a.q.shape(2))),
        first(scratch.take(keys_size(a))),
        second(scratch.take(keys_size(a))),
        third(scratch.take(keys_size(a))) {}
};

// Keys or values m[L, D] of a head, to be multiplied with every block of queries.
LeftFactor as_left(const Block& b, View<const float, 3> m, float* memory) {
  return prepared_left({{b.key_rows(m), row_stride(m)}, b.attention.sequence_length, b.D()},
                       b.attention.factors, memory);
}
RightFactor as_right(const Block& b, View<const float, 3> m, float* memory) {
  return prepared_right({{b.key_rows(m), row_stride(m)}, b.attention.sequence_length, b.D()},
                        b.attention.factors, memory);
}

// Queries do not see the keys after them: numbers of those become `value`.
void set_unseen(const Block& b, float* s, float value) {
  for (int64_t r = 1; r < b.rows; ++r) std::fill_n(s + (b.first + r) * block_queries, r, value);
}

// to[keys, block_queries] = m[keys, D] x[rows, D]^T, m like k and x like q; `unseen` where a query
// does not see the key.
void score(const Block& b, const LeftFactor& m, View<const float, 3> x, float unseen, float* to,
           const Memory& memory) {
  const Strided queries{b.query_rows(x), row_stride(x)};
  const RightFactor right =
      prepared_right({transposed(queries), b.D(), b.rows}, b.attention.factors, memory.right);
  multiply(m.first_rows(b.keys()), right,
           {.data = to, .stride = block_queries, .band = {.first = -b.first}}, memory.products);
  for (int64_t j = 0; b.rows < block_queries && j < b.keys(); ++j) {
    std::fill(to + j * block_queries + b.rows, to + (j + 1) * block_queries, 0.0f);
  }
  set_unseen(b, to, unseen);
}

// p[keys, block_queries] as a left factor, and its transpose, zero where a key is unseen; of
// numbers that are packed already only where.
LeftFactor by_rows(const Block& b, const float* p) {
  return {.place = {p, block_queries}, .M = b.keys(), .K = b.rows, .band = {.first = -b.first}};
}
LeftFactor by_columns(const Block& b, const float* p) {
  return {.place = transposed({p, block_queries}),
          .M = b.rows,
          .K = b.keys(),
          .band = {.last = b.first}};
}

// to[rows, D] = p[keys, block_queries]^T m[keys, D], m like v and to like q.
void mix(const Block& b, const LeftFactor& p, const RightFactor& m, View<float, 3> to,
         const Memory& memory) {
  multiply(p, m, {b.query_rows(to), row_stride(to)}, memory.products);
}

// to[keys, D] (+)= p[keys, block_queries] x[rows, D], to like k.
void spread(const Block& b, const LeftFactor& p, const Strided& x, View<float, 3> to, Into into,
            const Memory& memory) {
  const RightFactor right = prepared_right({x, b.rows, b.D()}, b.attention.factors, memory.right);
  multiply(p, right, {b.key_rows(to), row_stride(to), into}, memory.products);
}

LeftFactor packed(LeftFactor p, int64_t M, const float* memory) {
  p.packed = memory;
  p.packed_M = M;
  return p;
}

bool are_packed(const Attention& a) {
  return a.factors == Factors::bfloat16 && bfloat16_factors() == Factors::bfloat16;
}

bf16::Pair* pairs(float* memory) { return reinterpret_cast<bf16::Pair*>(memory); }

// A score that gives probability 0, and whose exp() is in range.
constexpr float unseen_score = -1e30f;

// Of all blocks of a head.
int64_t kept_floats_of(int64_t L) {
  const int64_t blocks = (L + block_queries - 1) / block_queries;
  const int64_t rows = blocks * (blocks + 1) / 2 * block_queries;
  return rows * bf16::row_stride(block_queries) + blocks * block_queries;
}

// What forward keeps of a block for backward.
KeptScores kept_scores(const Block& b) {
  const Attention& a = b.attention;
  float* const inverse = a.kept + kept_floats_of(b.first) +
                         (b.sequence * a.q.shape(1) + b.head) * kept_floats_of(a.sequence_length);
  return {.rows = pairs(inverse + block_queries), .inverse_sum = inverse};
}

// The scores in memory.p become exponentials, which times `inverse_sum` are probabilities; kept
// when there is no place for `log_sum`.
LeftFactor exponentials(const Block& b, const Memory& memory, float* log_sum, float* inverse_sum) {
  const ScoreBlock scores{.p = memory.p, .keys = b.keys(), .scale = b.scale(), .log_sum = log_sum};
  LeftFactor p = by_columns(b, memory.p);
  float sums[block_queries];
  if (are_packed(b.attention)) {
    const KeptScores kept = log_sum == nullptr ? kept_scores(b) : KeptScores{};
    softmax_bf16(
        scores,
        {.rows = kept.rows, .row_pairs = bf16::row_stride(b.rows), .columns = pairs(memory.left)},
        sums);
    p = packed(p, block_queries, memory.left);
  } else {
    HWY_DYNAMIC_DISPATCH(Softmax)(scores, sums);
  }
  for (int64_t i = 0; i < block_queries; ++i) inverse_sum[i] = 1 / sums[i];
  return p;
}

// Of one query head.
void head_forward(const Block& any, View<float, 3> y, View<float, 2> log_sum,
                  const Memory& memory) {
  const Attention& a = any.attention;
  const LeftFactor k = as_left(any, a.k, memory.first);
  const RightFactor v = as_right(any, a.v, memory.second);
  float logs[block_queries], local[block_queries];
  for (int64_t first = 0; first < a.sequence_length; first += block_queries) {
    const Block b(a, any.sequence, any.head, first);
    const bool keeps = a.kept != nullptr;
    float* const inverse = keeps ? kept_scores(b).inverse_sum : local;
    score(b, k, a.q, unseen_score, memory.p, memory);
    mix(b, exponentials(b, memory, keeps ? nullptr : logs, inverse), v, y, memory);
    for (int64_t i = 0; i < b.rows; ++i) {
      if (!keeps) log_sum.data()[b.row(i) * a.q.shape(1) + b.head] = logs[i];
      float* row = b.query_rows(y) + i * row_stride(y);
      for (int64_t d = 0; d < b.D(); ++d) row[d] *= inverse[i];
    }
  }
}

// What all blocks of queries under a key head multiply with.
struct KeyFactors {
  LeftFactor k, v;
  RightFactor k_columns;
};

// Probabilities and gradients of scores, as factors.
struct ScoreResults {
  LeftFactor p, ds, ds_columns;
};

// What a block's queries have in common with all their keys.
struct Queries {
  float log_sum[block_queries] = {}, along[block_queries] = {};
  float inverse_sum[block_queries];  // of probabilities that are not divided yet

  Queries(const Block& b, const AttentionOutput& output) {
    std::fill_n(inverse_sum, block_queries, 1.0f);
    const View<const float, 3> y = output.y, dy = output.dy;
    for (int64_t i = 0; i < b.rows; ++i) {
      const int64_t at = i * row_stride(y);
      if (b.attention.kept == nullptr) {
        log_sum[i] = output.log_sum.data()[b.row(i) * y.shape(1) + b.head];
      }
      along[i] = kernels::dot(b.query_rows(y) + at, b.query_rows(dy) + at, b.D());
    }
  }
};

// Of the scores in memory.p, unless they are kept, and dy_i . v_j in memory.ds.
ScoreResults scores_backward(const Block& b, const Memory& memory, Queries& queries) {
  const ScoreBlock scores{
      .p = memory.p, .keys = b.keys(), .scale = b.scale(), .log_sum = queries.log_sum};
  const ScoreGradients gradients{.ds = memory.ds, .along = queries.along};
  const ScoreResults results{.p = by_rows(b, memory.p),
                             .ds = by_rows(b, memory.ds),
                             .ds_columns = by_columns(b, memory.ds)};
  if (!are_packed(b.attention)) {
    HWY_DYNAMIC_DISPATCH(Backward)(scores, gradients);
    return results;
  }
  const int64_t row_pairs = bf16::row_stride(b.rows);
  KeptScores p{.rows = pairs(memory.left), .inverse_sum = queries.inverse_sum};
  if (b.attention.kept != nullptr) {
    p = kept_scores(b);
    std::copy_n(p.inverse_sum, block_queries, queries.inverse_sum);
  } else {
    probabilities_bf16(scores, p.rows, row_pairs);
  }
  softmax_backward_bf16(
      p, scores, gradients,
      {.rows = pairs(memory.ds_rows), .row_pairs = row_pairs, .columns = pairs(memory.ds_left)});
  return {.p = packed(results.p, b.keys(), reinterpret_cast<const float*>(p.rows)),
          .ds = packed(results.ds, b.keys(), memory.ds_rows),
          .ds_columns = packed(results.ds_columns, block_queries, memory.ds_left)};
}

// dy of the block's queries divided by the sums of their exponentials, in memory.divided.
Strided divided(const Block& b, const Queries& queries, View<const float, 3> dy,
                const Memory& memory) {
  const int64_t D = b.D();
  for (int64_t i = 0; i < b.rows; ++i) {
    const float* row = b.query_rows(dy) + i * row_stride(dy);
    for (int64_t d = 0; d < D; ++d) memory.divided[i * D + d] = row[d] * queries.inverse_sum[i];
  }
  return {memory.divided, D};
}

void block_backward(const Block& b, const AttentionOutput& output,
                    const AttentionGradients& gradients, const KeyFactors& keys, Into into,
                    const Memory& memory) {
  const Attention& a = b.attention;
  Queries queries(b, output);
  if (a.kept == nullptr) score(b, keys.k, a.q, unseen_score, memory.p, memory);
  score(b, keys.v, output.dy, 0, memory.ds, memory);
  const ScoreResults results = scores_backward(b, memory, queries);
  spread(b, results.p, divided(b, queries, output.dy, memory), gradients.dv, into, memory);
  spread(b, results.ds, {b.query_rows(a.q), row_stride(a.q)}, gradients.dk, into, memory);
  mix(b, results.ds_columns, keys.k_columns, gradients.dq, memory);
}

}  // namespace

int64_t kept_floats(const Attention& a) {
  if (!are_packed(a)) return 0;
  return a.q.shape(0) / a.sequence_length * a.q.shape(1) * kept_floats_of(a.sequence_length);
}

void attention(const Attention& a, View<float, 3> y, View<float, 2> log_sum, Workers& workers) {
  const int64_t L = a.sequence_length, H = a.q.shape(1);
  workers.for_each(a.q.shape(0) / L * H, Memory::floats(a), [&](int64_t i, float* scratch) {
    head_forward(Block(a, i / H, i % H, 0), y, log_sum, Memory(a, scratch));
  });
}

void attention_backward(const Attention& a, const AttentionOutput& output,
                        const AttentionGradients& gradients, Workers& workers) {
  const int64_t L = a.sequence_length, H_kv = a.k.shape(1), shared = a.q.shape(1) / H_kv;
  workers.for_each(a.q.shape(0) / L * H_kv, Memory::floats(a), [&](int64_t i, float* scratch) {
    const int64_t key_head = i % H_kv;
    const Memory memory(a, scratch);
    const Block any(a, i / H_kv, key_head * shared, 0);
    const KeyFactors keys{.k = as_left(any, a.k, memory.first),
                          .v = as_left(any, a.v, memory.second),
                          .k_columns = as_right(any, a.k, memory.third)};
    Into into = Into::overwrite;  // by the last queries, which see all keys
    for (int64_t h = any.head; h < any.head + shared; ++h) {
      for (int64_t first = (L - 1) / block_queries * block_queries; first >= 0;
           first -= block_queries) {
        block_backward(Block(a, any.sequence, h, first), output, gradients, keys, into, memory);
        into = Into::add;
      }
    }
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE

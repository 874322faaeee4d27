#include "ops/cpu/attention_kernels.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/attention_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/exp-inl.h"
#include "ops/cpu/load-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {
namespace {

// Query rows that are taken at once, as many as the registers hold with four keys or vectors each.
constexpr int row_block = HWY_MAX_BYTES >= 64 ? 4 : 2;

// to[n] = the sum of sum[n]'s lanes, n < 4: always in the same order.
#if HWY_TARGET == HWY_SCALAR
void StoreSums(const Vector* sum, float* to) {
  for (int n = 0; n < 4; ++n) to[n] = hn::GetLane(sum[n]);
}
#else
void StoreSums(const Vector* sum, float* to) {
  const Lanes d;
  const hn::RepartitionToWide<Lanes> pairs;
  const auto add_pairs = [&](Vector a, Vector b) {
    return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  };
  const auto low = hn::BitCast(pairs, add_pairs(sum[0], sum[1]));
  const auto high = hn::BitCast(pairs, add_pairs(sum[2], sum[3]));
  const auto four = hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, low, high)),
                            hn::BitCast(d, hn::InterleaveUpper(pairs, low, high)));
  HWY_ALIGN float blocks[16];
  hn::Store(four, d, blocks);
  const hn::Full128<float> d4;
  auto total = hn::Load(d4, blocks);
  for (size_t i = 4; i < hn::Lanes(d); i += 4) total = hn::Add(total, hn::Load(d4, blocks + i));
  hn::StoreU(total, d4, to);
}
#endif

// scores[m][j .. j + 4) of M rows and NB <= 4 keys; beyond NB they are anything.
template <int MB, int NB, typename T>
void ScoreBlock(const AttentionRows& rows, const PagePart<T>& page, int64_t m, int64_t j) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* q = rows.q + m * rows.D;
  const T* keys = page.keys + j * page.stride;
  Vector sum[MB][4];
  for (int i = 0; i < MB; ++i) {
    for (auto& s : sum[i]) s = hn::Zero(d);
  }
  int64_t k = 0;
  for (; k + lanes <= rows.D; k += lanes) {
    Vector key[NB];
    for (int n = 0; n < NB; ++n) key[n] = LoadFloats(d, keys + n * page.stride + k);
    for (int i = 0; i < MB; ++i) {
      const auto query = hn::LoadU(d, q + i * rows.D + k);
      for (int n = 0; n < NB; ++n) sum[i][n] = hn::MulAdd(query, key[n], sum[i][n]);
    }
  }
  for (int i = 0; i < MB; ++i) {
    float* to = rows.scores + (m + i) * page_tokens + j;
    StoreSums(sum[i], to);
    for (int64_t rest = k; rest < rows.D; ++rest) {
      for (int n = 0; n < NB; ++n) {
        to[n] += q[i * rows.D + rest] * to_float(keys[n * page.stride + rest]);
      }
    }
  }
}

template <int MB, typename T>
void ScoreRows(const AttentionRows& rows, const PagePart<T>& page, int64_t m) {
  const int64_t count = page.seen_by(rows.M - 1);
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) ScoreBlock<MB, 4>(rows, page, m, j);
  switch (count - j) {
    case 3:
      return ScoreBlock<MB, 3>(rows, page, m, j);
    case 2:
      return ScoreBlock<MB, 2>(rows, page, m, j);
    case 1:
      return ScoreBlock<MB, 1>(rows, page, m, j);
    default:
      return;
  }
}

// Scores of `count` positions become exp(score - largest) with the largest until here.
void SoftmaxRow(const AttentionRows& rows, int64_t m, int64_t count) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  float* scores = rows.scores + m * page_tokens;
  std::fill(scores + count, scores + page_tokens, -HUGE_VALF);
  auto largest = hn::Set(d, rows.largest[m]);
  for (int64_t j = 0; j < page_tokens; j += lanes) {
    largest = hn::Max(largest, hn::LoadU(d, scores + j));
  }
  largest = hn::MaxOfLanes(d, largest);
  auto sum = hn::Zero(d);
  for (int64_t j = 0; j < page_tokens; j += lanes) {
    const auto p = Exp(hn::Sub(hn::LoadU(d, scores + j), largest));
    hn::StoreU(p, d, scores + j);
    sum = hn::Add(sum, p);
  }
  const auto rescale = Exp(hn::Sub(hn::Set(d, rows.largest[m]), largest));
  rows.rescale[m] = hn::GetLane(rescale);
  rows.largest[m] = hn::GetLane(largest);
  rows.total[m] = rows.total[m] * rows.rescale[m] + hn::GetLane(hn::SumOfLanes(d, sum));
}

// y <- rescale y + scores V, of MB rows and V vectors.
template <int MB, int V, typename T>
void AddValues(const AttentionRows& rows, const PagePart<T>& page, int64_t m, int64_t column) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  float* y = rows.y + m * rows.D + column;
  const float* scores = rows.scores + m * page_tokens;
  Vector sum[MB][V];
  for (int i = 0; i < MB; ++i) {
    const auto rescale = hn::Set(d, rows.rescale[m + i]);
    for (int v = 0; v < V; ++v) {
      sum[i][v] = hn::Mul(rescale, hn::LoadU(d, y + i * rows.D + v * lanes));
    }
  }
  for (int64_t j = 0; j < page.count; ++j) {
    Vector value[V];
    const T* from = page.values + j * page.stride + column;
    for (int v = 0; v < V; ++v) value[v] = LoadFloats(d, from + v * lanes);
    for (int i = 0; i < MB; ++i) {
      const auto p = hn::Set(d, scores[i * page_tokens + j]);
      for (int v = 0; v < V; ++v) sum[i][v] = hn::MulAdd(p, value[v], sum[i][v]);
    }
  }
  for (int i = 0; i < MB; ++i) {
    for (int v = 0; v < V; ++v) hn::StoreU(sum[i][v], d, y + i * rows.D + v * lanes);
  }
}

template <int MB, typename T>
void ValueRows(const AttentionRows& rows, const PagePart<T>& page, int64_t m) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Lanes()));
  int64_t column = 0;
  for (; column + 4 * lanes <= rows.D; column += 4 * lanes) {
    AddValues<MB, 4>(rows, page, m, column);
  }
  for (; column + lanes <= rows.D; column += lanes) AddValues<MB, 1>(rows, page, m, column);
  for (; column < rows.D; ++column) {
    for (int64_t i = m; i < m + MB; ++i) {
      float& y = rows.y[i * rows.D + column];
      y *= rows.rescale[i];
      for (int64_t j = 0; j < page.count; ++j) {
        y += rows.scores[i * page_tokens + j] * to_float(page.values[j * page.stride + column]);
      }
    }
  }
}

// f(number of rows, first of them) with as many at once as there are, as compile-time constants.
template <typename F>
void ForRows(int64_t M, F f) {
  int64_t m = 0;
  for (; m + row_block <= M; m += row_block) f(std::integral_constant<int, row_block>(), m);
  for (; m + 2 <= M; m += 2) f(std::integral_constant<int, 2>(), m);
  for (; m < M; ++m) f(std::integral_constant<int, 1>(), m);
}

template <typename T>
void AttendPage(const AttentionRows& rows, const PagePart<T>& page) {
  ForRows(rows.M, [&](auto MB, int64_t m) { ScoreRows<MB.value>(rows, page, m); });
  for (int64_t m = 0; m < rows.M; ++m) SoftmaxRow(rows, m, page.seen_by(m));
  PagePart<T> same = page;
  for (int64_t first = 0; first < rows.M; first += page.alike) {
    const AttentionRows part = rows.part(first, std::min(page.alike, rows.M - first));
    same.count = page.seen_by(first);
    ForRows(part.M, [&](auto MB, int64_t m) { ValueRows<MB.value>(part, same, m); });
  }
}

// HWY_EXPORT takes no templates.
void AttendPageF32(const AttentionRows& rows, const PagePart<float>& page) {
  AttendPage(rows, page);
}
void AttendPageBf16(const AttentionRows& rows, const PagePart<bfloat16>& page) {
  AttendPage(rows, page);
}

}  // namespace
}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::kernels {

HWY_EXPORT(AttendPageF32);
HWY_EXPORT(AttendPageBf16);

void attend_page(const AttentionRows& rows, const PagePart<float>& page) {
  HWY_DYNAMIC_DISPATCH(AttendPageF32)(rows, page);
}
void attend_page(const AttentionRows& rows, const PagePart<bfloat16>& page) {
  HWY_DYNAMIC_DISPATCH(AttendPageBf16)(rows, page);
}

}  // namespace quantrial::kernels
#endif  // HWY_ONCE

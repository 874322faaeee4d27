#include "ops/cpu/kernels.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/decode-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, max_lanes>;

float Dot(const float* x, const float* y, int64_t n) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    sum = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), sum);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += x[i] * y[i];
  return total;
}

// A tile of decoded weights and what is to be added up with it.
struct Tile {
  TileShape shape;
  const float* w;   // [shape.rows, shape.columns]
  int64_t rows;     // in use
  int64_t columns;  // in use, padded with zeros to whole vectors
};

// acc[t][n] (one vector each) += x[t] * w[n] over the tile's columns. TB x NB accumulators live in
// registers; each is one chain over the columns, so its value does not depend on TB, NB or the
// tile's shape.
template <int TB, int NB>
void MultiplyBlock(const float* HWY_RESTRICT x, int64_t stride, const Tile& tile, int64_t first,
                   float* HWY_RESTRICT acc) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* HWY_RESTRICT w = tile.w + first * tile.shape.columns;
  acc += first * lanes;
  const int64_t acc_stride = tile.shape.rows * lanes;
  hn::Vec<Lanes> sum[TB][NB];
  for (int t = 0; t < TB; ++t) {
    for (int n = 0; n < NB; ++n) sum[t][n] = hn::LoadU(d, acc + t * acc_stride + n * lanes);
  }
  for (int64_t k = 0; k < tile.columns; k += lanes) {
    hn::Vec<Lanes> row[NB];
    for (int n = 0; n < NB; ++n) row[n] = hn::LoadU(d, w + n * tile.shape.columns + k);
    for (int t = 0; t < TB; ++t) {
      const auto input = hn::LoadU(d, x + t * stride + k);
      for (int n = 0; n < NB; ++n) sum[t][n] = hn::MulAdd(input, row[n], sum[t][n]);
    }
  }
  for (int t = 0; t < TB; ++t) {
    for (int n = 0; n < NB; ++n) hn::StoreU(sum[t][n], d, acc + t * acc_stride + n * lanes);
  }
}

template <int TB, int NB>
void MultiplyRows(const float* x, int64_t stride, const Tile& tile, float* acc) {
  int64_t n = 0;
  for (; n + NB <= tile.rows; n += NB) MultiplyBlock<TB, NB>(x, stride, tile, n, acc);
  for (; n < tile.rows; ++n) MultiplyBlock<TB, 1>(x, stride, tile, n, acc);
}

void MultiplyTile(const float* x, int64_t T, int64_t stride, const Tile& tile, float* acc) {
  const int64_t acc_stride = tile.shape.rows * static_cast<int64_t>(hn::Lanes(Lanes()));
  int64_t t = 0;
  for (; t + 4 <= T; t += 4) {
    MultiplyRows<4, 2>(x + t * stride, stride, tile, acc + t * acc_stride);
  }
  for (; t + 2 <= T; t += 2) {
    MultiplyRows<2, 4>(x + t * stride, stride, tile, acc + t * acc_stride);
  }
  for (; t < T; ++t) MultiplyRows<1, 4>(x + t * stride, stride, tile, acc + t * acc_stride);
}

TileShape TileOf(int64_t T, const Weight& w) {
  TileShape shape = tile_shape(T);
  const bool any_columns = std::visit([]<Format F>(const F&) { return DecodesColumns<F>; }, w);
  if (!any_columns) shape.columns = padded(columns(w));
  return shape;
}

// Columns [k, k + width) of row n; the whole row for formats that know no other way.
template <Format F>
void DecodeRow(const F& w, int64_t n, int64_t k, int64_t width, float* out) {
  if constexpr (DecodesColumns<F>) {
    DecodeColumns(w, n, k, width, out);
  } else {
    w.decode_row(n, std::span(out, static_cast<size_t>(width)));
  }
}

int64_t LinearTileScratch(int64_t T, const Weight& w) {
  const TileShape shape = TileOf(T, w);
  return shape.rows * (shape.columns + T * static_cast<int64_t>(hn::Lanes(Lanes())));
}

void MultiplyLinear(const Weight& w, const LinearTile& p) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t K = columns(w), N = rows(w), T = p.T;
  const TileShape shape = TileOf(T, w);
  float* decoded = p.scratch;
  float* acc = p.scratch + shape.rows * shape.columns;
  std::fill_n(acc, T * shape.rows * lanes, 0.0f);
  std::visit(
      [&](const Format auto& format) {
        for (int64_t k = 0; k < K; k += shape.columns) {
          const int64_t width = std::min(shape.columns, K - k);
          for (int64_t n = 0; n < p.count; ++n) {
            float* row = decoded + n * shape.columns;
            DecodeRow(format, p.first + n, k, width, row);
            std::fill(row + width, row + padded(width), 0.0f);
          }
          MultiplyTile(p.x + k, T, p.stride,
                       {.shape = shape, .w = decoded, .rows = p.count, .columns = padded(width)},
                       acc);
        }
      },
      w);
  for (int64_t t = 0; t < T; ++t) {
    for (int64_t n = 0; n < p.count; ++n) {
      const auto sum = hn::LoadU(d, acc + (t * shape.rows + n) * lanes);
      p.y[t * N + p.first + n] = hn::GetLane(hn::SumOfLanes(d, sum));
    }
  }
}

const char* InstructionSet() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::kernels {

HWY_EXPORT(Dot);
HWY_EXPORT(MultiplyLinear);
HWY_EXPORT(LinearTileScratch);
HWY_EXPORT(InstructionSet);

std::string_view instruction_set() { return HWY_DYNAMIC_DISPATCH(InstructionSet)(); }

float dot(const float* x, const float* y, int64_t n) { return HWY_DYNAMIC_DISPATCH(Dot)(x, y, n); }

int64_t linear_tile_scratch(int64_t T, const Weight& w) {
  return HWY_DYNAMIC_DISPATCH(LinearTileScratch)(T, w);
}

void linear_tile(const Weight& w, const LinearTile& tile) {
  HWY_DYNAMIC_DISPATCH(MultiplyLinear)(w, tile);
}

}  // namespace quantrial::kernels
#endif  // HWY_ONCE

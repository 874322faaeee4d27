#include "ops/cpu/bf16_linear.h"

#include "base/error.h"
#include "ops/cpu/bf16_decoded.h"
#include "ops/matmul.h"

namespace quantrial::bf16 {

#if HWY_ARCH_X86
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512bf16,f16c")
namespace {

// With more rows of x the weights of a tile are decoded first: into memory, since their vectors
// meet all of them.
constexpr int64_t most_direct_rows = 4;

// A sum starts anew from zero in each slice of a row, and slices are added in turn. Of many rows a
// slice is multiplied at a time: 6 rows of x and 4 of the weights' stay in the first-level cache,
// the sums of a tile and all rows of x in the second.
constexpr int64_t slice_blocks = 16, slice_rows = 48;
constexpr int64_t most_unsliced_rows = 6;

// Sums that wait for the next slice.
int64_t partial_floats(int64_t T, int64_t rows) { return std::min(T, slice_rows) * rows * lanes; }

// One slice of TB rows of x and NB rows of w, blocks [first, end). Sums of all slices meet in
// `partial`; those of the last one go to y.
struct Corner {
  int64_t t = 0, n = 0;
  int64_t first = 0, end = 0;
  int64_t N = 0;             // from a row of y to the next
  float* y = nullptr;        // of row t and row n
  float* partial = nullptr;  // [TB, NB, 16]
};

// The sums of four vectors, each by the same tree.
inline __m128 sums_of_lanes(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const auto low = _mm512_unpacklo_pd((__m512d)ab, (__m512d)cd);
  const auto high = _mm512_unpackhi_pd((__m512d)ab, (__m512d)cd);
  const __m512 quarters = _mm512_add_ps((__m512)low, (__m512)high);
  const __m256 halves =
      _mm256_add_ps(_mm512_castps512_ps256(quarters), _mm512_extractf32x8_ps(quarters, 1));
  return _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1));
}

template <int NB>
void store(const __m512 (&total)[NB], float factor, float* y) {
  static_assert(NB <= 4);
  const __m512 none = _mm512_setzero_ps();
  const __m128 sums =
      sums_of_lanes(total[0], NB > 1 ? total[NB > 1 ? 1 : 0] : none,
                    NB > 2 ? total[NB > 2 ? 2 : 0] : none, NB > 3 ? total[NB > 3 ? 3 : 0] : none);
  _mm_mask_storeu_ps(y, (1U << NB) - 1U, _mm_mul_ps(sums, _mm_set1_ps(factor)));
}

template <int TB, int NB>
using Sums = __m512[TB][NB];

// What one block adds to sums: x[t] . w[n] in 16 lanes.
template <int TB, int NB, typename Blocks>
[[gnu::always_inline]] inline void add_products(const Blocks& w,
                                                const typename Blocks::Codes (&codes)[NB],
                                                const Pair* const (&inputs)[TB], int64_t first_pair,
                                                Sums<TB, NB>& sum) {
#pragma GCC unroll 6
  for (int v = 0; v < 4; ++v) {
    __m512bh weights[NB];
#pragma GCC unroll 6
    for (int n = 0; n < NB; ++n) weights[n] = (__m512bh)w.pairs(codes[n], v);
#pragma GCC unroll 6
    for (int t = 0; t < TB; ++t) {
      const auto input = (__m512bh)_mm512_load_si512(inputs[t] + first_pair + v * lanes);
#pragma GCC unroll 6
      for (int n = 0; n < NB; ++n) sum[t][n] = _mm512_dpbf16_ps(sum[t][n], input, weights[n]);
    }
  }
}

// The factors of a block's sums: those of w's row, and of the inputs where they have some.
template <bool scaled_inputs, typename Blocks>
struct BlockScale {
  template <typename Place>
  BlockScale(const Blocks& w, const typename Blocks::Row& row, const Place& place)
      : of_w(w.scale(row, place)) {
    if constexpr (Blocks::has_zero) zero = w.zero(row, place);
  }
  // total + what the sums mean; `lane` of the inputs' scales and sums.
  __m512 added(__m512 total, __m512 sum, const InputRows& x, int64_t lane) const {
    if constexpr (Blocks::has_zero)
      sum = _mm512_fnmadd_ps(zero, _mm512_load_ps(x.sums + lane), sum);
    if constexpr (!scaled_inputs) return _mm512_fmadd_ps(sum, of_w, total);
    return _mm512_fmadd_ps(sum, _mm512_mul_ps(of_w, _mm512_load_ps(x.scales + lane)), total);
  }

  __m512 of_w, zero;
};

template <bool scaled_inputs, int TB, int NB, typename Blocks>
[[gnu::always_inline]] inline void multiply_corner(const InputRows& x, const Blocks& w,
                                                   const Corner& at) {
  Sums<TB, NB> total;
#pragma GCC unroll 6
  for (int t = 0; t < TB; ++t) {
#pragma GCC unroll 6
    for (int n = 0; n < NB; ++n) total[t][n] = _mm512_setzero_ps();
  }
  typename Blocks::Row row[NB];
  for (int n = 0; n < NB; ++n) row[n] = w.row(at.n + n);
  const Pair* inputs[TB];
  for (int t = 0; t < TB; ++t) inputs[t] = x.pairs + (at.t + t) * x.blocks * block_pairs;
  for (int64_t b = at.first; b < at.end; ++b) {
    const auto place = w.place(b);
    typename Blocks::Codes codes[NB];
#pragma GCC unroll 6
    for (int n = 0; n < NB; ++n) codes[n] = w.codes(row[n], place);
    if constexpr (!Blocks::has_scale) {
      add_products<TB, NB>(w, codes, inputs, b * block_pairs, total);
    } else {
      Sums<TB, NB> sum;
#pragma GCC unroll 6
      for (int t = 0; t < TB; ++t) {
#pragma GCC unroll 6
        for (int n = 0; n < NB; ++n) sum[t][n] = _mm512_setzero_ps();
      }
      add_products<TB, NB>(w, codes, inputs, b * block_pairs, sum);
#pragma GCC unroll 6
      for (int n = 0; n < NB; ++n) {
        const BlockScale<scaled_inputs, Blocks> scale(w, row[n], place);
#pragma GCC unroll 6
        for (int t = 0; t < TB; ++t) {
          const int64_t lane = ((at.t + t) * x.blocks + b) * lanes;
          total[t][n] = scale.added(total[t][n], sum[t][n], x, lane);
        }
      }
    }
  }
  const bool is_first = at.first == 0, is_last = at.end == x.blocks;
#pragma GCC unroll 6
  for (int t = 0; t < TB; ++t) {
    float* const partial = at.partial + t * NB * lanes;
#pragma GCC unroll 6
    for (int n = 0; n < NB && !is_first; ++n) {
      total[t][n] = _mm512_add_ps(_mm512_load_ps(partial + n * lanes), total[t][n]);
    }
    if (is_last) {
      store<NB>(total[t], w.factor(), at.y + t * at.N);
      continue;
    }
#pragma GCC unroll 6
    for (int n = 0; n < NB; ++n) _mm512_store_ps(partial + n * lanes, total[t][n]);
  }
}

// Rows of w that go with TB rows of x so that 32 registers hold the sums.
template <typename Blocks>
constexpr int columns_of(int TB) {
  return TB == 4 && Blocks::has_scale ? 3 : 4;
}

struct Rows {
  int64_t first, count;  // of the weights
  float* y;              // of the first
  int64_t N;
  float* partial;  // [slice_rows, count, 16]
};

template <bool scaled_inputs, int TB, int NB, typename Blocks>
[[gnu::noinline]] void multiply_corner_apart(const InputRows& x, const Blocks& w,
                                             const Corner& at) {
  multiply_corner<scaled_inputs, TB, NB>(x, w, at);
}

// Blocks [at.first, at.end), slice by slice, of rows [n, n + NB) of the tile. With many rows of x,
// whose pointers stay in registers from corner to corner, g++ does best in one function; with few,
// where decoding takes the registers, in two.
template <bool scaled_inputs, int TB, int NB, typename Blocks>
[[gnu::always_inline]] inline void multiply_slices(const InputRows& x, const Blocks& w, Corner at,
                                                   const Rows& rows, int64_t n) {
  const int64_t end = at.end;
  at.n = rows.first + n;
  at.y = rows.y + at.t * rows.N + n;
  at.partial = rows.partial + (at.t % slice_rows * rows.count + n * TB) * lanes;
  for (; at.first < end; at.first = at.end) {
    at.end = std::min(at.first + slice_blocks, end);
    if constexpr (TB > most_direct_rows || Blocks::is_decoded) {
      multiply_corner<scaled_inputs, TB, NB>(x, w, at);
    } else {
      multiply_corner_apart<scaled_inputs, TB, NB>(x, w, at);
    }
  }
}

// All rows of the tile with rows [t, t + TB) of x.
template <bool scaled_inputs, int TB, typename Blocks>
[[gnu::noinline]] void multiply_rows(const InputRows& x, const Blocks& w, const Corner& at,
                                     const Rows& rows) {
  constexpr int NB = columns_of<Blocks>(TB);
  int64_t n = 0;
  for (; n + NB <= rows.count; n += NB) multiply_slices<scaled_inputs, TB, NB>(x, w, at, rows, n);
  for (; n < rows.count; ++n) multiply_slices<scaled_inputs, TB, 1>(x, w, at, rows, n);
}

template <bool scaled_inputs, typename Blocks>
void multiply_blocks(const InputRows& x, const Blocks& w, int64_t T, Corner at, const Rows& rows) {
  const int64_t end = at.t + T;
  if constexpr (!Blocks::has_scale) {
    for (; at.t + 6 <= end; at.t += 6) multiply_rows<scaled_inputs, 6>(x, w, at, rows);
  }
  for (; at.t + 4 <= end; at.t += 4) multiply_rows<scaled_inputs, 4>(x, w, at, rows);
  for (; at.t + 2 <= end; at.t += 2) multiply_rows<scaled_inputs, 2>(x, w, at, rows);
  if (at.t < end) multiply_rows<scaled_inputs, 1>(x, w, at, rows);
}

template <bool scaled_inputs, typename Blocks>
void multiply(const InputRows& x, const Blocks& w, int64_t T, const Rows& rows) {
  const int64_t at_once = T <= most_unsliced_rows ? x.blocks : slice_blocks;
  for (int64_t t = 0; t < T; t += slice_rows) {
    for (int64_t b = 0; b < x.blocks; b += at_once) {
      multiply_blocks<scaled_inputs>(
          x, w, std::min(slice_rows, T - t),
          {.t = t, .first = b, .end = std::min(x.blocks, b + at_once), .N = rows.N}, rows);
    }
  }
}

template <typename Blocks>
void multiply_tile(const Blocks& w, const LinearTile& tile, int64_t N) {
  const auto go = [&](const auto& weights, int64_t first) {
    const Rows rows{.first = first,
                    .count = tile.count,
                    .y = tile.y + tile.first,
                    .N = N,
                    .partial = tile.scratch};
    if constexpr (Blocks::has_scale) {
      if (tile.x.scales != nullptr) {
        multiply<true>(tile.x, weights, tile.T, rows);
        return;
      }
    }
    multiply<false>(tile.x, weights, tile.T, rows);
  };
  if constexpr (Blocks::has_scale) {
    if (tile.T > most_direct_rows) {
      float* const memory = tile.scratch + partial_floats(tile.T, tile.count);
      DecodedBlocks<Blocks::has_scale, Blocks::has_zero> decoded(memory, tile.count, tile.x.blocks,
                                                                 w.factor());
      decoded.decode(w, tile.first, tile.count);
      go(decoded, 0);
      return;
    }
  }
  go(w, tile.first);
}

// visit(blocks) with the decoder of w's format; false where there is none.
template <typename Visit>
bool with_blocks(const Weight& weight, Visit visit) {
  if (const auto* bf16 = std::get_if<Bf16>(&weight)) return visit(Bf16Blocks(*bf16)), true;
  if (const auto* fp8 = std::get_if<Fp8Block>(&weight)) return visit(Fp8Blocks(*fp8)), true;
  if (const auto* nvfp4 = std::get_if<Nvfp4>(&weight)) return visit(Nvfp4Blocks(*nvfp4)), true;
  const auto* int4 = std::get_if<Int4Group>(&weight);
  if (int4 == nullptr) return false;
  std::visit(
      [&]<typename Scale>(const Array<Scale>&) {
        if (int4->zeros.empty()) {
          visit(Int4Blocks<Scale, ZeroPoints::none>(*int4));
        } else {
          visit(Int4Blocks<Scale, ZeroPoints::stored>(*int4));
        }
      },
      int4->scales);
  return true;
}

bool has_zero_points(const Weight& weight) {
  const auto* int4 = std::get_if<Int4Group>(&weight);
  return int4 != nullptr && !int4->zeros.empty();
}

// Whether a block of w, and of inputs in groups of `group`, has its scales where lanes can have
// them.
bool scales_fit(const Weight& weight, int64_t group) {
  const int64_t K = columns(weight);
  const auto whole_blocks = [&](int64_t G) { return G % block == 0 || G >= K; };
  if (std::holds_alternative<Bf16>(weight)) return group == 0;
  if (const auto* fp8 = std::get_if<Fp8Block>(&weight)) {
    return whole_blocks(fp8->block_columns) && (group == 0 || whole_blocks(group));
  }
  if (const auto* int4 = std::get_if<Int4Group>(&weight)) {
    return group == 0 && LaneGroups::fit(int4->group_size, K);
  }
  return std::holds_alternative<Nvfp4>(weight) && (group == 0 || LaneGroups::fit(group, K));
}

}  // namespace

bool takes(const Weight& weight, const Activations& inputs) {
  return bfloat16_factors() == Factors::bfloat16 && __builtin_cpu_supports("avx512vbmi") &&
         scales_fit(weight, scale_group(inputs, columns(weight)));
}

InputPlan input_plan(const Weight& weight, const Activations& inputs, int64_t T) {
  InputPlan plan{.T = T,
                 .K = columns(weight),
                 .scale_group = scale_group(inputs, columns(weight)),
                 .has_sums = has_zero_points(weight)};
  with_blocks(weight, [&]<typename Blocks>(const Blocks&) { plan.order = Blocks::order; });
  return plan;
}

int64_t tile_rows(const Weight& weight, int64_t T, int threads) {
  constexpr int64_t unit = 12;  // of 3 and 4 rows that go together
  const int64_t N = rows(weight), K = columns(weight);
  const auto whole = [&](int64_t n) { return std::max<int64_t>(unit, n / unit * unit); };
  const int64_t share = whole(N / (threads * int64_t{4}));
  constexpr int64_t run_bytes = 1 << 21, decoded_bytes = 1 << 19;
  const int64_t row_bytes = std::max<int64_t>(1, bytes(weight) / std::max<int64_t>(N, 1));
  return std::min(share,
                  whole(T <= most_direct_rows ? run_bytes / row_bytes : decoded_bytes / (2 * K)));
}

int64_t tile_scratch_floats(const Weight& weight, int64_t T, int64_t rows) {
  const int64_t partial = partial_floats(T, rows);
  if (T <= most_direct_rows || std::holds_alternative<Bf16>(weight)) return partial;
  const int64_t blocks = (columns(weight) + block - 1) / block;
  return partial + rows * (has_zero_points(weight)
                               ? DecodedBlocks<true, true>::row_floats(blocks)
                               : DecodedBlocks<true, false>::row_floats(blocks));
}

void linear_tile(const Weight& weight, const LinearTile& tile) {
  const bool known =
      with_blocks(weight, [&](const auto& blocks) { multiply_tile(blocks, tile, rows(weight)); });
  require(known, "bf16: a format that takes() names");
}

#pragma GCC pop_options
#else
bool takes(const Weight&, const Activations&) { return false; }
InputPlan input_plan(const Weight&, const Activations&, int64_t) { return {}; }
int64_t tile_rows(const Weight&, int64_t, int) { return 1; }
int64_t tile_scratch_floats(const Weight&, int64_t, int64_t) { return 0; }
void linear_tile(const Weight&, const LinearTile&) { require(false, "bf16: no such instruction"); }
#endif

}  // namespace quantrial::bf16

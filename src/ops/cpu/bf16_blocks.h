// Blocks of 128 columns of a weight's row as four vectors of bfloat16, exact: codes become the
// small numbers they stand for, and what they are to be multiplied with stands beside them, a
// factor for each of the 16 lanes in which products of the block are summed. One class a format:
//
//   order              which column is where in the four vectors
//   row(n)             where the row's numbers lie
//   place(b)           where block b is in every row
//   codes(row, place)  as stored; pairs(codes, v) is vector v of them
//   has_scale          sums of a block are multiplied with scale(row, place)
//   has_zero           zero(row, place) times the sum of the inputs is taken off before
//   factor()           all sums are multiplied with it at the end
#pragma once

#include "ops/cpu/bf16_inputs.h"
#include "ops/cpu/bf16_vectors.h"

#if HWY_ARCH_X86
#include <array>

#include "formats/formats.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512bf16,f16c")
namespace quantrial::bf16 {

// The columns of a block: its first, and how many there are from it to the end of the row.
struct ColumnPlace {
  int64_t first, left;
};
inline ColumnPlace column_place(int64_t b, int64_t K) { return {b * block, K - b * block}; }

// Weights stream from memory in tiles of rows: the second-level cache is asked for what the same
// block has some groups of four rows later. Without that the processor sees too little of the
// stream ahead of decoding.
class Ahead {
 public:
  // Of the bytes that `of_codes` of a row belong to, codes or their scales.
  Ahead(int64_t of_codes, int64_t row_bytes) {
    constexpr int64_t group = 4, wanted = 8192;
    const int64_t group_bytes = std::max<int64_t>(1, group * of_codes);
    bytes_ = (wanted + group_bytes - 1) / group_bytes * group * row_bytes;
  }
  explicit Ahead(int64_t row_bytes) : Ahead(row_bytes, row_bytes) {}
  void fetch(const void* at) const {
    _mm_prefetch(static_cast<const char*>(at) + bytes_, _MM_HINT_T1);
  }

 private:
  int64_t bytes_;
};

class Bf16Blocks {
 public:
  static constexpr Order order = Order::natural;
  static constexpr bool has_scale = false, has_zero = false;
  static constexpr bool is_decoded = false;
  struct Row {
    const bfloat16* numbers;
  };
  struct Codes {
    const bfloat16* numbers;
    int64_t left;  // to the end of the row
  };

  explicit Bf16Blocks(const Bf16& w)
      : numbers_(w.values.data()), columns_(w.columns), ahead_(2 * w.columns) {}
  static float factor() { return 1; }
  Row row(int64_t n) const { return {numbers_ + n * columns_}; }
  ColumnPlace place(int64_t b) const { return column_place(b, columns_); }
  Codes codes(const Row& row, const ColumnPlace& place) const {
    const bfloat16* numbers = row.numbers + place.first;
    for (int line = 0; line < 4; ++line) ahead_.fetch(numbers + 32 * line);
    return {numbers, place.left};
  }
  static __m512i pairs(const Codes& codes, int64_t v) {
    const bfloat16* from = codes.numbers + 32 * v;
    if (codes.left >= block) return _mm512_loadu_si512(from);
    return _mm512_maskz_loadu_epi16(first_words(codes.left - 32 * v), from);
  }

 private:
  const bfloat16* numbers_;
  int64_t columns_;
  Ahead ahead_;
};

// E4M3 by tables of the two bytes of its bfloat16; the sign goes from byte to byte.
class Fp8Blocks {
 public:
  static constexpr Order order = Order::bytes;
  static constexpr bool has_scale = true, has_zero = false;
  static constexpr bool is_decoded = false;
  struct Row {
    const float8_e4m3* codes;
    const float* scales;
  };
  struct Codes {
    __m512i halves[2];
  };

  explicit Fp8Blocks(const Fp8Block& w)
      : w_(w), blocks_a_scale_(std::max<int64_t>(1, w.block_columns / block)), ahead_(w.columns) {
    static const ByteTables tables;
    for (size_t half = 0; half < 2; ++half) {
      high_[half] = _mm512_loadu_si512(tables.high.data() + 64 * half);
      low_[half] = _mm512_loadu_si512(tables.low.data() + 64 * half);
    }
  }
  static float factor() { return 1; }
  Row row(int64_t n) const {
    return {w_.codes.data() + n * w_.columns,
            w_.scales.data() + n / w_.block_rows * w_.scale_columns()};
  }
  struct Place {
    ColumnPlace columns;
    int64_t scale;
  };
  Place place(int64_t b) const {
    return {column_place(b, w_.columns), blocks_a_scale_ == 1 ? b : b / blocks_a_scale_};
  }
  Codes codes(const Row& row, const Place& place) const {
    const float8_e4m3* from = row.codes + place.columns.first;
    ahead_.fetch(from);
    ahead_.fetch(from + 64);
    const int64_t left = place.columns.left;
    if (left >= block) return {{_mm512_loadu_si512(from), _mm512_loadu_si512(from + 64)}};
    return {{_mm512_maskz_loadu_epi8(first_bytes(left), from),
             _mm512_maskz_loadu_epi8(first_bytes(left - 64), from + 64)}};
  }
  __m512i pairs(const Codes& codes, int64_t v) const {
    const __m512i half = codes.halves[v / 2];
    const __m512i low = _mm512_permutex2var_epi8(low_[0], half, low_[1]);
    const __m512i magnitude = _mm512_permutex2var_epi8(high_[0], half, high_[1]);
    constexpr int or_and = 0xF8;  // first | (second & third)
    const __m512i high = _mm512_ternarylogic_epi64(magnitude, half, _mm512_set1_epi8(-128), or_and);
    return v % 2 == 0 ? _mm512_unpacklo_epi8(low, high) : _mm512_unpackhi_epi8(low, high);
  }
  static __m512 scale(const Row& row, const Place& place) {
    return _mm512_set1_ps(row.scales[place.scale]);
  }

 private:
  // The bytes of each magnitude's bfloat16.
  struct ByteTables {
    ByteTables() {
      for (size_t code = 0; code < 128; ++code) {
        const bfloat16 number = to_bfloat16(to_float(float8_e4m3{static_cast<uint8_t>(code)}));
        high[code] = static_cast<uint8_t>(number.bits >> 8);
        low[code] = static_cast<uint8_t>(number.bits);
      }
    }
    std::array<uint8_t, 128> high, low;
  };

  const Fp8Block& w_;
  int64_t blocks_a_scale_;
  Ahead ahead_;
  __m512i high_[2], low_[2];
};

// 4-bit codes, four to a 16-bit word, by a table of 16 numbers that stands there twice: the index
// is five bits long.
class NibbleTable {
 public:
  NibbleTable(const std::array<float, 16>& numbers, int64_t columns) : ahead_(columns / 2) {
    std::array<uint16_t, 32> table;
    for (size_t i = 0; i < 32; ++i) table[i] = to_bfloat16(numbers[i % 16]).bits;
    table_ = _mm512_loadu_si512(table.data());
  }
  __m512i load(const uint8_t* row, const ColumnPlace& place) const {
    const uint8_t* from = row + place.first / 2;
    ahead_.fetch(from);
    if (place.left >= block) return _mm512_loadu_si512(from);
    return _mm512_maskz_loadu_epi8(first_bytes(place.left / 2), from);
  }
  __m512i pairs(__m512i codes, int64_t v) const {
    const __m512i shifted = v == 0 ? codes : _mm512_srli_epi16(codes, 4U * unsigned(v));
    return _mm512_permutexvar_epi16(shifted, table_);
  }

 private:
  Ahead ahead_;
  __m512i table_;
};

// Groups of G columns over the lanes of a block, 8 columns each: at most 8 of them.
class LaneGroups {
 public:
  LaneGroups(int64_t G, int64_t groups)
      : blocks_a_group_(groups == 1 ? INT64_MAX : std::max<int64_t>(1, G / block)),
        a_block_(std::max<int64_t>(1, block / G)),
        groups_(groups) {
    std::array<int32_t, lanes> index;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      index[static_cast<size_t>(lane)] = static_cast<int32_t>(G >= block ? 0 : lane * 8 / G);
    }
    index_ = _mm512_loadu_si512(index.data());
  }
  // Whether the groups of every block lie like that.
  static bool fit(int64_t G, int64_t K) {
    return G % block == 0 || G >= K || G == 16 || G == 32 || G == 64;
  }

  // The groups of a block: the first, and how many there are.
  struct Place {
    int64_t first;
    uint32_t count;
    __mmask8 mask() const { return static_cast<__mmask8>((1U << count) - 1U); }
  };
  Place place(int64_t b) const {
    const int64_t first = blocks_a_group_ == 1 ? b * a_block_ : b / blocks_a_group_;
    return {first, static_cast<uint32_t>(std::min(a_block_, groups_ - first))};
  }
  // Eight numbers, one a group, to the lanes of each.
  __m512 spread(__m256 numbers) const {
    return _mm512_permutexvar_ps(index_, _mm512_castps256_ps512(numbers));
  }
  __m512i index() const { return index_; }

 private:
  int64_t blocks_a_group_, a_block_, groups_;
  __m512i index_;
};

// Where a block of nibbles and its groups are.
struct GroupedPlace {
  ColumnPlace columns;
  LaneGroups::Place groups;
};

// Up to 8 scales as floats, zeros beyond.
inline __m256 load_scales(const float16* from, __mmask8 mask) {
  return _mm256_cvtph_ps(_mm_maskz_loadu_epi16(mask, from));
}
inline __m256 load_scales(const bfloat16* from, __mmask8 mask) {
  const __m256i words = _mm256_cvtepu16_epi32(_mm_maskz_loadu_epi16(mask, from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
}
inline __m256 load_scales(const float* from, __mmask8 mask) {
  return _mm256_maskz_loadu_ps(mask, from);
}

enum class ZeroPoints : uint8_t { none, stored };

// Codes as code - 8; a stored zero point as zero - 8. `Scale` is the type of the stored scales.
template <typename Scale, ZeroPoints zero_points>
class Int4Blocks {
 public:
  static constexpr Order order = Order::nibbles;
  static constexpr bool has_scale = true, has_zero = zero_points == ZeroPoints::stored;
  static constexpr bool is_decoded = false;
  struct Row {
    const uint8_t* codes;
    const Scale* scales;
    const uint8_t* zeros;
  };
  using Codes = __m512i;

  explicit Int4Blocks(const Int4Group& w)
      : w_(w),
        scales_(std::get<Array<Scale>>(w.scales).data()),
        table_({-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7}, w.columns),
        groups_(w.group_size, w.groups()),
        scales_ahead_(w.columns / 2, w.groups() * static_cast<int64_t>(sizeof(Scale))) {}
  static float factor() { return 1; }
  Row row(int64_t n) const {
    return {.codes = w_.codes.data() + n * w_.columns / 2,
            .scales = scales_ + n * w_.groups(),
            .zeros = has_zero ? w_.zeros.data() + n * ((w_.groups() + 1) / 2) : nullptr};
  }
  GroupedPlace place(int64_t b) const { return {column_place(b, w_.columns), groups_.place(b)}; }
  Codes codes(const Row& row, const GroupedPlace& place) const {
    return table_.load(row.codes, place.columns);
  }
  __m512i pairs(const Codes& codes, int64_t v) const { return table_.pairs(codes, v); }
  __m512 scale(const Row& row, const GroupedPlace& place) const {
    const Scale* from = row.scales + place.groups.first;
    scales_ahead_.fetch(from);
    return groups_.spread(load_scales(from, place.groups.mask()));
  }
  __m512 zero(const Row& row, const GroupedPlace& place) const {
    const auto mask = static_cast<__mmask16>((1U << (place.groups.count + 1) / 2) - 1U);
    const __m128i stored = _mm_maskz_loadu_epi8(mask, row.zeros + place.groups.first / 2);
    const __m128i from_first = place.groups.first % 2 == 0 ? stored : _mm_srli_epi32(stored, 4);
    const __m512i nibbles = _mm512_srlv_epi32(_mm512_broadcastd_epi32(from_first),
                                              _mm512_slli_epi32(groups_.index(), 2));
    const __m512i zero = _mm512_and_si512(nibbles, _mm512_set1_epi32(15));
    return _mm512_cvtepi32_ps(
        _mm512_add_epi32(zero, _mm512_set1_epi32(w_.zero_offset - Int4Group::symmetric_zero)));
  }

 private:
  const Int4Group& w_;
  const Scale* scales_;
  NibbleTable table_;
  LaneGroups groups_;
  Ahead scales_ahead_;
};

class Nvfp4Blocks {
 public:
  static constexpr Order order = Order::nibbles;
  static constexpr bool has_scale = true, has_zero = false;
  static constexpr bool is_decoded = false;
  struct Row {
    const uint8_t* codes;
    const float8_e4m3* scales;
  };
  using Codes = __m512i;

  explicit Nvfp4Blocks(const Nvfp4& w)
      : w_(w),
        table_({0, .5f, 1, 1.5f, 2, 3, 4, 6, -0.f, -.5f, -1, -1.5f, -2, -3, -4, -6}, w.columns),
        groups_(Nvfp4::group_size, w.groups()),
        scales_ahead_(w.columns / 2, w.groups()) {}
  float factor() const { return w_.global.applied_to(256); }  // what scale() leaves out
  Row row(int64_t n) const {
    return {w_.codes.data() + n * w_.columns / 2, w_.scales.data() + n * w_.groups()};
  }
  GroupedPlace place(int64_t b) const { return {column_place(b, w_.columns), groups_.place(b)}; }
  Codes codes(const Row& row, const GroupedPlace& place) const {
    return table_.load(row.codes, place.columns);
  }
  __m512i pairs(const Codes& codes, int64_t v) const { return table_.pairs(codes, v); }
  // E4M3 shifted to where binary16 has its exponent reads as value / 256.
  __m512 scale(const Row& row, const GroupedPlace& place) const {
    const float8_e4m3* from = row.scales + place.groups.first;
    scales_ahead_.fetch(from);
    const __m128i codes = _mm_cvtepi8_epi16(_mm_maskz_loadu_epi8(place.groups.mask(), from));
    const __m128i largest = _mm_set1_epi16(0x7F);
    const __mmask8 nan = _mm_cmpeq_epi16_mask(_mm_and_si128(codes, largest), largest);
    const __m128i halves =
        _mm_and_si128(_mm_slli_epi16(codes, 7), _mm_set1_epi16(static_cast<int16_t>(0xBFFF)));
    return groups_.spread(
        _mm256_cvtph_ps(_mm_mask_blend_epi16(nan, halves, _mm_set1_epi16(0x7E00))));
  }

 private:
  const Nvfp4& w_;
  NibbleTable table_;
  LaneGroups groups_;
  Ahead scales_ahead_;
};

}  // namespace quantrial::bf16
#pragma GCC pop_options
#endif

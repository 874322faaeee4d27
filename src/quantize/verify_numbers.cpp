#include "quantize/verify_numbers.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace quantrial {
namespace {

int64_t group_columns(const Weight& weight) {
  if (const auto* int4 = std::get_if<Int4Group>(&weight)) return int4->group_size;
  if (std::holds_alternative<Nvfp4>(weight)) return Nvfp4::group_size;
  if (const auto* fp8 = std::get_if<Fp8Block>(&weight)) return fp8->block_columns;
  return columns(weight);
}

bool all_zero(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return v == 0; });
}

void count_groups(std::span<const float> row, std::span<const float> base, size_t group,
                  MatrixNumbers& found) {
  int64_t zeros = 0, base_zeros = 0, groups = 0;
  for (size_t k = 0; k < row.size(); k += group) {
    const size_t length = std::min(group, row.size() - k);
    ++groups;
    if (!all_zero(row.subspan(k, length))) continue;
    ++zeros;
    if (all_zero(base.subspan(k, length))) ++base_zeros;
  }
  found.groups += groups;
  found.collapsed_groups += zeros - base_zeros;
  if (zeros == groups && base_zeros < groups) ++found.zero_rows;
}

MatrixNumbers read_row(std::span<const float> row, std::span<const float> base, size_t group) {
  MatrixNumbers found;
  double sum = 0;  // is not finite when any of its parts is not
  for (const float v : row) sum += double{v} * 0;
  if (!std::isfinite(sum)) {
    found.not_finite_row = 0;
    return found;
  }
  count_groups(row, base, group, found);
  for (size_t k = 0; k < base.size(); ++k) {
    const double difference = double{row[k]} - base[k];
    found.squared_error += difference * difference;
    found.squared_base += double{base[k]} * base[k];
  }
  return found;
}

// What can be told of a row from codes and scales, without decoding them.
struct RowBits {
  bool finite = true, zero = false;
};

// Every bit that is set in some byte.
uint8_t or_of(const uint8_t* bytes, int64_t count, uint8_t mask) {
  uint8_t bits = 0;
  for (int64_t i = 0; i < count; ++i) bits = static_cast<uint8_t>(bits | (bytes[i] & mask));
  return bits;
}

// A carry out of an exponent that has every bit marks NaN and infinity (of E4M3: NaN) in the sign's
// place: vector code needs no comparison.
bool has_nan(const float8_e4m3* numbers, int64_t count) {
  uint8_t carries = 0;
  for (int64_t i = 0; i < count; ++i) {
    carries = static_cast<uint8_t>(carries | ((numbers[i].bits & 0x7F) + 1));
  }
  return (carries & 0x80) != 0;
}

// `exponent`: the bits of the type's exponent.
template <typename Bits>
RowBits bits_of(const Bits* numbers, int64_t count, Bits exponent) {
  constexpr int sign = 8 * sizeof(Bits) - 1;
  constexpr Bits all_but_sign = static_cast<Bits>(~(Bits{1} << sign));
  const auto lowest = static_cast<Bits>(exponent & -exponent);
  Bits set = 0, carries = 0;
  for (int64_t i = 0; i < count; ++i) {
    set = static_cast<Bits>(set | (numbers[i] & all_but_sign));
    carries = static_cast<Bits>(carries | static_cast<Bits>((numbers[i] & exponent) + lowest));
  }
  return {carries >> sign == 0, set == 0};
}
constexpr uint32_t float_exponent = 0x7F800000;
constexpr uint16_t bfloat16_exponent = 0x7F80, float16_exponent = 0x7C00;

RowBits row_bits(const Bf16& w, int64_t n) {
  return bits_of(&w.values[n * w.columns].bits, w.columns, bfloat16_exponent);
}
RowBits row_bits(const F32& w, int64_t n) {
  return bits_of(reinterpret_cast<const uint32_t*>(&w.values[n * w.columns]), w.columns,
                 float_exponent);
}
RowBits row_bits(const Fp8Block& w, int64_t n) {
  const float8_e4m3* codes = &w.codes[n * w.columns];
  const float* scales = &w.scales[n / w.block_rows * w.scale_columns()];
  const bool finite =
      !has_nan(codes, w.columns) &&
      std::all_of(scales, scales + w.scale_columns(), [](float s) { return std::isfinite(s); });
  return {finite, or_of(&codes->bits, w.columns, 0x7F) == 0};
}
RowBits row_bits(const Nvfp4& w, int64_t n) {
  const float8_e4m3* scales = &w.scales[n * w.groups()];
  const bool zero = or_of(&w.codes[n * w.columns / 2], w.columns / 2, 0x77) == 0 ||
                    or_of(&scales->bits, w.groups(), 0x7F) == 0;
  return {!has_nan(scales, w.groups()), zero};
}
RowBits row_bits(const Int4Group& w, int64_t n) {
  const auto is_finite_scale = [](auto s) { return std::isfinite(to_float(s)); };
  const bool finite = std::visit(
      [&](const auto& s) {
        return std::all_of(&s[n * w.groups()], &s[n * w.groups()] + w.groups(), is_finite_scale);
      },
      w.scales);
  uint8_t set = 0;  // bits in which a code differs from its zero point
  for (int64_t g = 0; g < w.groups(); ++g) {
    const auto zeros = static_cast<uint8_t>(w.zero(n, g) * 0x11);
    const uint8_t* codes = &w.codes[(n * w.columns + g * w.group_size) / 2];
    for (int64_t i = 0; i < w.group_size / 2; ++i) {
      set = static_cast<uint8_t>(set | (codes[i] ^ zeros));
    }
  }
  return {finite, set == 0};
}

int64_t saturated_groups(const Weight& weight) {
  const auto* nvfp4 = std::get_if<Nvfp4>(&weight);
  if (nvfp4 == nullptr) return 0;
  constexpr uint8_t largest = 0x7E;  // 448
  return std::count_if(nvfp4->scales.span().begin(), nvfp4->scales.span().end(),
                       [](float8_e4m3 s) { return s.bits == largest; });
}

MatrixNumbers sum_of(const std::vector<MatrixNumbers>& rows) {
  MatrixNumbers all;
  for (size_t n = 0; n < rows.size(); ++n) {
    const MatrixNumbers& row = rows[n];
    if (row.not_finite_row && !all.not_finite_row) all.not_finite_row = static_cast<int64_t>(n);
    all.groups += row.groups;
    all.collapsed_groups += row.collapsed_groups;
    all.zero_rows += row.zero_rows;
    all.squared_error += row.squared_error;
    all.squared_base += row.squared_base;
  }
  return all;
}

void apply(const Factors& factors, size_t n, std::span<float> row) {
  if (factors.columns.size() == row.size()) {
    for (size_t k = 0; k < row.size(); ++k) row[k] *= factors.columns[k];
  }
  if (n >= factors.rows.size()) return;
  for (float& v : row) v *= factors.rows[n];
}

constexpr int64_t band = 16;  // rows that a thread takes at a time

template <typename ReadRow>
MatrixNumbers read_rows(const Weight& weight, ThreadPool& pool, const ReadRow& read) {
  std::vector<MatrixNumbers> by_row(static_cast<size_t>(rows(weight)));
  pool.parallel_for((rows(weight) + band - 1) / band, [&](int64_t i, int thread) {
    for (int64_t n = i * band; n < std::min((i + 1) * band, rows(weight)); ++n) {
      by_row[static_cast<size_t>(n)] = read(n, static_cast<size_t>(thread));
    }
  });
  MatrixNumbers all = sum_of(by_row);
  all.saturated_groups = saturated_groups(weight);
  return all;
}

}  // namespace

MatrixNumbers read_numbers(const Weight& weight, ThreadPool& pool) {
  const int64_t groups = columns(weight) / group_columns(weight);
  return std::visit(
      [&](const auto& w) {
        return read_rows(weight, pool, [&](int64_t n, size_t) {
          const RowBits row = row_bits(w, n);
          MatrixNumbers found{.groups = groups};
          if (!row.finite) found.not_finite_row = n;
          found.zero_rows = row.zero;
          return found;
        });
      },
      weight);
}

MatrixNumbers read_numbers(const Weight& weight, const Weight& base, const Factors& factors,
                           ThreadPool& pool) {
  const auto width = static_cast<size_t>(columns(weight));
  const auto group = static_cast<size_t>(group_columns(weight));
  const auto threads = static_cast<size_t>(pool.size());
  std::vector<std::vector<float>> scratch(threads, std::vector<float>(width)), originals = scratch;
  return read_rows(weight, pool, [&](int64_t n, size_t thread) {
    decode_row(weight, n, scratch[thread]);
    decode_row(base, n, originals[thread]);
    apply(factors, static_cast<size_t>(n), scratch[thread]);
    return read_row(scratch[thread], originals[thread], group);
  });
}

bool is_finite(const StoredTensor& tensor, ThreadPool& pool) {
  if (tensor.dtype != DType::bf16 && tensor.dtype != DType::f16 && tensor.dtype != DType::f32) {
    return true;
  }
  constexpr int64_t piece = 1 << 16;
  const auto read = [&]<typename Bits>(const Array<Bits>& numbers, Bits exponent) {
    std::atomic<bool> finite{true};
    pool.parallel_for((numbers.size() + piece - 1) / piece, [&](int64_t i, int) {
      const int64_t count = std::min(piece, numbers.size() - i * piece);
      if (!bits_of(numbers.data() + i * piece, count, exponent).finite) finite = false;
    });
    return finite.load();
  };
  if (tensor.dtype == DType::f32) return read(tensor.array<uint32_t>(), float_exponent);
  return read(tensor.array<uint16_t>(),
              tensor.dtype == DType::bf16 ? bfloat16_exponent : float16_exponent);
}

}  // namespace quantrial

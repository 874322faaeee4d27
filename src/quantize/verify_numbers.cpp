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
    if (!base.empty() && all_zero(base.subspan(k, length))) ++base_zeros;
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

int64_t saturated_groups(const Weight& weight) {
  const auto* nvfp4 = std::get_if<Nvfp4>(&weight);
  if (nvfp4 == nullptr) return 0;
  constexpr uint8_t largest = 0x7E;  // 448
  return std::count_if(nvfp4->scales.span().begin(), nvfp4->scales.span().end(),
                       [](float8_e4m3 s) { return s.bits == largest; });
}

}  // namespace

MatrixNumbers read_numbers(const Weight& weight, const Weight* base, ThreadPool& pool) {
  const auto width = static_cast<size_t>(columns(weight));
  const auto group = static_cast<size_t>(group_columns(weight));
  const auto threads = static_cast<size_t>(pool.size());
  std::vector<std::vector<float>> rows_of(threads, std::vector<float>(width)), base_rows = rows_of;
  std::vector<MatrixNumbers> by_row(static_cast<size_t>(rows(weight)));
  pool.parallel_for(rows(weight), [&](int64_t n, int thread) {
    const auto t = static_cast<size_t>(thread);
    decode_row(weight, n, rows_of[t]);
    if (base != nullptr) decode_row(*base, n, base_rows[t]);
    const std::span<const float> original(base_rows[t].data(), base != nullptr ? width : 0);
    by_row[static_cast<size_t>(n)] = read_row(rows_of[t], original, group);
  });
  MatrixNumbers all;
  for (size_t n = 0; n < by_row.size(); ++n) {
    const MatrixNumbers& row = by_row[n];
    if (row.not_finite_row && !all.not_finite_row) all.not_finite_row = static_cast<int64_t>(n);
    all.groups += row.groups;
    all.collapsed_groups += row.collapsed_groups;
    all.zero_rows += row.zero_rows;
    all.squared_error += row.squared_error;
    all.squared_base += row.squared_base;
  }
  all.saturated_groups = saturated_groups(weight);
  return all;
}

bool is_finite(const StoredTensor& tensor, ThreadPool& pool) {
  uint16_t exponent = 0;
  size_t stride = 2, high = 0;  // bytes of a number, and where its highest two are
  if (tensor.dtype == DType::bf16) {
    exponent = 0x7F80;
  } else if (tensor.dtype == DType::f16) {
    exponent = 0x7C00;
  } else if (tensor.dtype == DType::f32) {
    exponent = 0x7F80;
    stride = 4;
    high = 2;
  } else {
    return true;
  }
  constexpr size_t piece = 1 << 16;
  const size_t count = tensor.bytes.size() / stride;
  std::atomic<bool> finite{true};
  pool.parallel_for(static_cast<int64_t>((count + piece - 1) / piece), [&](int64_t part, int) {
    const size_t first = static_cast<size_t>(part) * piece, last = std::min(first + piece, count);
    const auto* bytes = reinterpret_cast<const uint8_t*>(tensor.bytes.data());
    bool wrong = false;
    for (size_t i = first; i < last; ++i) {
      const uint8_t* number = bytes + i * stride + high;
      wrong |= ((number[0] | number[1] << 8) & exponent) == exponent;
    }
    if (wrong) finite = false;
  });
  return finite;
}

}  // namespace quantrial

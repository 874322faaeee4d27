#include "formats/round_to_nearest.h"

#include <atomic>
#include <limits>

#include "base/error.h"
#include "base/large_pages.h"
#include "formats/codec_rules.h"
#include "formats/int4_layout.h"
#include "formats/rounding_kernels.h"

namespace quantrial {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Memory for a tensor, written by the tasks that fill it; one pass less than clearing it first.
template <typename T>
struct Output {
  explicit Output(int64_t size)
      : count(static_cast<size_t>(size)), data(std::make_unique_for_overwrite<T[]>(count)) {
    prefer_large_pages(data.get(), count * sizeof(T));
  }
  T* at(int64_t i) const { return data.get() + i; }
  Array<T> array() { return Array<T>(std::move(data), count); }

  size_t count;
  std::unique_ptr<T[]> data;
};

bool is_finite(const GroupRange& range) {
  return std::isfinite(range.low) && std::isfinite(range.high);
}
float absmax(const GroupRange& range) { return std::max(-range.low, range.high); }

// The rows of a matrix that wait to be rounded, shared among threads; keeps the first row in which
// something is wrong.
class Rows {
 public:
  Rows(const NamedMatrix& matrix, int64_t group, ThreadPool& pool)
      : matrix_(matrix),
        columns_(columns(matrix.weight)),
        group_(group),
        pool_(pool),
        scratch_(static_cast<size_t>(pool.size())) {
    for (Scratch& scratch : scratch_) {
      scratch.row.resize(static_cast<size_t>(columns_));
      scratch.ranges.resize(static_cast<size_t>(groups()));
      scratch.scales.resize(static_cast<size_t>(groups()));
      scratch.floats.resize(static_cast<size_t>(groups()));
    }
  }

  // What one thread needs for one row.
  struct Scratch {
    std::vector<float> row;          // [K]
    std::vector<GroupRange> ranges;  // [K/G]
    std::vector<GroupScale> scales;
    std::vector<float> floats;
  };

  int64_t count() const { return rows(matrix_.weight); }
  int64_t groups() const { return ceil_div(columns_, group_); }

  // Calls task(first row, number of rows, scratch) on bands of `height` rows.
  template <typename Task>
  void for_each_band(int64_t height, const Task& task) {
    pool_.parallel_for(ceil_div(count(), height), [&](int64_t band, int thread) {
      const int64_t first = band * height;
      task(first, std::min(height, count() - first), scratch_[static_cast<size_t>(thread)]);
    });
    if (const int64_t n = first_wrong_.load(); n != none) explain(n);
  }

  rounding::Groups load(int64_t n, Scratch& scratch) const {
    decode_row(matrix_.weight, n, scratch.row);
    return {scratch.row.data(), columns_, group_};
  }
  // The same, and the ranges of its groups.
  rounding::Groups load_with_ranges(int64_t n, Scratch& scratch) {
    const rounding::Groups row = load(n, scratch);
    rounding::ranges(row, scratch.ranges.data());
    for (const GroupRange& range : scratch.ranges) {
      if (!is_finite(range)) report(n);
    }
    return row;
  }

  void report(int64_t n) {
    int64_t known = first_wrong_.load();
    while (n < known && !first_wrong_.compare_exchange_weak(known, n)) {
    }
  }

 private:
  static constexpr int64_t none = std::numeric_limits<int64_t>::max();

  [[noreturn]] void explain(int64_t n) {
    std::vector<float>& row = scratch_[0].row;
    decode_row(matrix_.weight, n, row);
    for (size_t k = 0; k < row.size(); ++k) {
      if (std::isfinite(row[k])) continue;
      throw Error("{}: {} at row {}, column {}; the checkpoint is damaged, get it again",
                  escaped(matrix_.tensor), row[k], n, k);
    }
    throw Error(
        "{}: row {} holds weights too large for the type of the scales; keep this module 16-bit",
        escaped(matrix_.tensor), n);
  }

  const NamedMatrix& matrix_;
  int64_t columns_, group_;
  ThreadPool& pool_;
  std::vector<Scratch> scratch_;  // one a thread
  std::atomic<int64_t> first_wrong_{none};
};

constexpr int64_t band_rows = 16;  // of formats whose groups lie in one row

template <typename T>
T scale_as(float scale) {
  if constexpr (std::is_same_v<T, float16>) return to_float16(scale);
  if constexpr (std::is_same_v<T, bfloat16>) return to_bfloat16(scale);
}

template <typename T>
Weight round_int4(Rows& rows, const Int4Codec& codec, Int4Group weight) {
  const int64_t groups = weight.groups(), zero_bytes = (groups + 1) / 2;
  const bool asymmetric = codec.fit_rule == Int4Codec::Fit::range;
  Output<uint8_t> codes(weight.rows * weight.columns / 2);
  Output<T> scales(weight.rows * groups);
  std::vector<uint8_t> zeros(asymmetric ? static_cast<size_t>(weight.rows * zero_bytes) : 0);
  rows.for_each_band(band_rows, [&](int64_t first, int64_t count, Rows::Scratch& scratch) {
    for (int64_t n = first; n < first + count; ++n) {
      const rounding::Groups row = rows.load_with_ranges(n, scratch);
      for (int64_t g = 0; g < groups; ++g) {
        const GroupScale fitted = codec.fit(scratch.ranges[static_cast<size_t>(g)]);
        if (!std::isfinite(fitted.scale)) rows.report(n);
        scratch.scales[static_cast<size_t>(g)] = fitted;
        *scales.at(n * groups + g) = scale_as<T>(fitted.scale);
        if (asymmetric) set_nibble(zeros, n * zero_bytes, g, static_cast<uint8_t>(fitted.zero));
      }
      rounding::int4_codes(row, scratch.scales.data(), codec.arithmetic,
                           codes.at(n * weight.columns / 2));
    }
  });
  weight.codes = codes.array();
  weight.scales = scales.array();
  weight.zeros = Array<uint8_t>(std::move(zeros));
  return weight;
}

Weight round_as(const NamedMatrix& matrix, const Int4Codec& codec, const Activations&,
                ThreadPool& pool) {
  Int4Group weight;
  weight.rows = rows(matrix.weight);
  weight.columns = columns(matrix.weight);
  weight.group_size = codec.group_size;
  Rows source(matrix, codec.group_size, pool);
  if (codec.scale_dtype == DType::f16) {
    return round_int4<float16>(source, codec, std::move(weight));
  }
  return round_int4<bfloat16>(source, codec, std::move(weight));
}

Weight round_as(const NamedMatrix& matrix, const Nvfp4Codec& codec, const Activations& activations,
                ThreadPool& pool) {
  Nvfp4 weight;
  weight.rows = rows(matrix.weight);
  weight.columns = columns(matrix.weight);
  weight.global = {codec.divisor, GlobalScale::Kind::divisor};
  weight.activations = activations;
  Rows source(matrix, Nvfp4::group_size, pool);
  Output<uint8_t> codes(weight.rows * weight.columns / 2);
  Output<float8_e4m3> scales(weight.rows * weight.groups());
  source.for_each_band(band_rows, [&](int64_t first, int64_t count, Rows::Scratch& scratch) {
    for (int64_t n = first; n < first + count; ++n) {
      const rounding::Groups row = source.load_with_ranges(n, scratch);
      for (int64_t g = 0; g < weight.groups(); ++g) {
        const auto at = static_cast<size_t>(g);
        const float8_e4m3 scale = nvfp4_scale(absmax(scratch.ranges[at]), codec.divisor);
        *scales.at(n * weight.groups() + g) = scale;
        scratch.scales[at] = {to_float(scale) / codec.divisor, 0};
      }
      rounding::e2m1_codes(row, scratch.scales.data(), codes.at(n * weight.columns / 2));
    }
  });
  weight.codes = codes.array();
  weight.scales = scales.array();
  return weight;
}

// Of one block: what its numbers are multiplied with or divided by, and what is stored.
struct BlockScale {
  float applied, stored;
};
BlockScale fit_fp8(Fp8Codec::Rule rule, float absmax) {
  if (rule == Fp8Codec::Rule::compressed_tensors) {
    const float scale = result_in<Arithmetic::bfloat16>(absmax / e4m3_max);
    return {scale == 0 ? bfloat16_epsilon : scale, scale == 0 ? bfloat16_epsilon : scale};
  }
  // PyTorch divides a number by a tensor as (1 / tensor) * number. Below 2^-119 that is infinite.
  const float factor = absmax == 0 ? 1 : 1 / std::max(absmax, 0x1p-118f) * e4m3_max;
  return {factor, 1 / factor};
}

// largest[K/G] of the blocks of a band of rows.
void find_absmax(Rows& source, int64_t first, int64_t count, Rows::Scratch& scratch) {
  std::vector<float>& largest = scratch.floats;
  std::fill(largest.begin(), largest.end(), 0.0f);
  for (int64_t n = first; n < first + count; ++n) {
    source.load_with_ranges(n, scratch);
    for (size_t b = 0; b < largest.size(); ++b) {
      largest[b] = std::max(largest[b], absmax(scratch.ranges[b]));
    }
  }
}

Weight round_as(const NamedMatrix& matrix, const Fp8Codec& codec, const Activations& activations,
                ThreadPool& pool) {
  Fp8Block weight;
  weight.rows = rows(matrix.weight);
  weight.columns = columns(matrix.weight);
  weight.block_rows = codec.block_rows;
  weight.block_columns = codec.block_columns;
  weight.activations = activations;
  const int64_t blocks = weight.scale_columns();
  Rows source(matrix, codec.block_columns, pool);
  Output<float8_e4m3> codes(weight.rows * weight.columns);
  Output<float> scales(ceil_div(weight.rows, codec.block_rows) * blocks);
  const auto encode = codec.rule == Fp8Codec::Rule::hugging_face ? rounding::e4m3_products
                                                                 : rounding::e4m3_quotients;
  source.for_each_band(codec.block_rows, [&](int64_t first, int64_t count, auto& scratch) {
    find_absmax(source, first, count, scratch);
    float* stored = scales.at(first / codec.block_rows * blocks);
    for (float& scale : scratch.floats) {
      const BlockScale fitted = fit_fp8(codec.rule, scale);
      scale = fitted.applied;
      *stored++ = fitted.stored;
    }
    for (int64_t n = first; n < first + count; ++n) {
      uint8_t* row_codes = &codes.at(n * weight.columns)->bits;
      encode(source.load(n, scratch), scratch.floats.data(), row_codes);
    }
  });
  weight.codes = codes.array();
  weight.scales = scales.array();
  return weight;
}

// Of a dense matrix; others have been rounded already.
void check(const NamedMatrix& matrix, const RoundingCodec& codec) {
  const int64_t group = std::visit(
      []<typename C>(const C& c) -> int64_t {
        if constexpr (std::is_same_v<C, Fp8Codec>) {
          return 1;
        } else {
          return c.group_size;
        }
      },
      codec);
  require(group > 0 && columns(matrix.weight) % group == 0 && (group == 1 || group % 16 == 0),
          "round_to_nearest: columns are not whole groups of 16");
}

}  // namespace

Weight round_to_nearest(const NamedMatrix& matrix, const RoundingCodec& codec,
                        const Activations& activations, ThreadPool& pool) {
  check(matrix, codec);
  return std::visit([&](const auto& c) { return round_as(matrix, c, activations, pool); }, codec);
}

float absmax(const NamedMatrix& matrix, ThreadPool& pool) {
  Rows source(matrix, columns(matrix.weight), pool);
  std::vector<float> largest(static_cast<size_t>(source.count()));
  source.for_each_band(band_rows, [&](int64_t first, int64_t count, Rows::Scratch& scratch) {
    for (int64_t n = first; n < first + count; ++n) {
      source.load_with_ranges(n, scratch);
      largest[static_cast<size_t>(n)] = absmax(scratch.ranges[0]);
    }
  });
  return *std::max_element(largest.begin(), largest.end());
}

}  // namespace quantrial

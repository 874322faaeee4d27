#include "quantize/scale_search.h"

#include <algorithm>
#include <cmath>

#include "quantize/rounding.h"

namespace quantrial {

namespace {

// Largest magnitudes tried, as shares of the group's own: 8/7 is where the far end of a signed
// range stops saturating, below 0.5 no group of the oracles' weights had its best.
constexpr float smallest_share = 0.5f, largest_share = 1.2f, share_step = 0.025f;
// Ends of an asymmetric range, each by itself.
constexpr float smallest_end = 0.6f, end_step = 0.05f;

GroupScale fit(const Codec& codec, GroupRange range) {
  return std::visit([&](const auto& c) { return c.fit(range); }, codec);
}

// Calls candidate(scale) for each scale of the grid of a group.
template <typename Candidate>
void for_each_scale(const Codec& codec, GroupRange range, Candidate&& candidate) {
  candidate(fit(codec, range));
  const auto* int4 = std::get_if<Int4Codec>(&codec);
  if (int4 != nullptr && int4->fit_rule == Int4Codec::Fit::range) {
    for (float a = 1; a > smallest_end - end_step / 2; a -= end_step) {
      for (float b = 1; b > smallest_end - end_step / 2; b -= end_step) {
        candidate(fit(codec, {.low = a * range.low, .high = b * range.high}));
      }
    }
    return;
  }
  const bool is_signed = int4 != nullptr && int4->fit_rule == Int4Codec::Fit::signed_absmax;
  const float magnitude = std::max(-range.low, range.high);
  for (float share = largest_share; share > smallest_share - share_step / 2; share -= share_step) {
    const float end = share * magnitude;
    candidate(fit(codec, {.low = -end, .high = is_signed ? 0 : end}));
    if (is_signed) candidate(fit(codec, {.low = 0, .high = end}));
  }
}

GroupScale best_scale(const Codec& codec, std::span<const float> w,
                      std::span<const float> importance) {
  GroupScale best, last;
  float least = INFINITY;
  bool first = true;
  for_each_scale(codec, range_of(w), [&](GroupScale scale) {
    if (!first && scale == last) return;
    const float error = rounding_error(codec, w, importance, scale);
    if (first || error < least) {
      best = scale;
      least = error;
    }
    last = scale;
    first = false;
  });
  return best;
}

// Calls of(group, k) for each group of each row; the results in order, [N, K/G].
template <typename Of>
std::vector<GroupScale> scales_of(const Codec& codec, View<const float, 2> w, ThreadPool& pool,
                                  Of&& of) {
  const int64_t size = group_size(codec), groups = w.shape(1) / size;
  require(groups * size == w.shape(1), "scales: a row is a whole number of groups");
  std::vector<GroupScale> scales(static_cast<size_t>(w.shape(0) * groups));
  pool.parallel_for(w.shape(0), [&](int64_t n, int) {
    for (int64_t g = 0; g < groups; ++g) {
      const auto group =
          w[n].span().subspan(static_cast<size_t>(g * size), static_cast<size_t>(size));
      scales[static_cast<size_t>(n * groups + g)] = of(group, static_cast<size_t>(g * size));
    }
  });
  return scales;
}

}  // namespace

std::vector<GroupScale> search_scales(const Codec& codec, View<const float, 2> w,
                                      std::span<const float> importance, ThreadPool& pool) {
  return scales_of(codec, w, pool, [&](std::span<const float> group, size_t k) {
    return best_scale(codec, group, importance.subspan(k, group.size()));
  });
}

std::vector<GroupScale> fit_scales(const Codec& codec, View<const float, 2> w, ThreadPool& pool) {
  return scales_of(codec, w, pool, [&](std::span<const float> group, size_t) {
    return fit(codec, range_of(group));
  });
}

QuantizedMatrix round_under(const Codec& codec, View<const float, 2> w,
                            std::vector<GroupScale> scales, ThreadPool& pool) {
  const int64_t N = w.shape(0), K = w.shape(1), groups = K / group_size(codec);
  QuantizedMatrix matrix{.rows = N,
                         .columns = K,
                         .group_size = group_size(codec),
                         .codes = std::vector<uint8_t>(static_cast<size_t>(N * K)),
                         .scales = std::move(scales)};
  pool.parallel_for(N, [&](int64_t n, int) {
    const std::span row_scales(matrix.scales.data() + n * groups, static_cast<size_t>(groups));
    const std::span codes(matrix.codes.data() + n * K, static_cast<size_t>(K));
    round_row(codec, {.x = w[n].span(), .scales = row_scales}, codes, {});
  });
  return matrix;
}

void decode(const Codec& codec, const QuantizedMatrix& matrix, View<float, 2> values,
            ThreadPool& pool) {
  pool.parallel_for(matrix.rows,
                    [&](int64_t n, int) { decode_row(codec, matrix, n, values[n].span()); });
}

}  // namespace quantrial

#include "quantize/made_module.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/error.h"
#include "quantize/schemes.h"

namespace quantrial {

Weight base_matrix(const PlannedModule& module) {
  const std::vector<int64_t>& shape = module.tensor->shape;
  require(module.tensor->dtype == DType::bf16 && shape.size() == 2,
          "base_matrix: the plan checked type and shape");
  return Bf16{shape[0], shape[1], module.tensor->array<bfloat16>()};
}

Divisors shared_divisors(const Plan& plan, std::span<const size_t> modules, ThreadPool& pool) {
  std::map<int, float> largest;
  for (const size_t i : modules) {
    const PlannedModule& module = plan.modules[i];
    if (module.scale_group < 0) continue;
    float& group = largest[module.scale_group];
    group = std::max(group, absmax({base_matrix(module), module.tensor->name}, pool));
    module.tensor->file->release(module.tensor->bytes);
  }
  Divisors divisors;
  for (const auto& [group, value] : largest) divisors[group] = nvfp4_divisor(plan.recipe, value);
  return divisors;
}

double weight_error(const Weight& original, const Weight& made) {
  const int64_t N = rows(original);
  const auto K = static_cast<size_t>(columns(original));
  std::vector<float> before(K), after(K);
  double difference = 0, total = 0;
  const int64_t step = std::max<int64_t>(1, N / weight_error_rows);
  for (int64_t n = 0; n < N; n += step) {
    decode_row(original, n, before);
    decode_row(made, n, after);
    double row_difference = 0, row_total = 0;
    for (size_t k = 0; k < K; ++k) {
      const double d = double{after[k]} - before[k];
      row_difference += d * d;
      row_total += double{before[k]} * before[k];
    }
    difference += row_difference;
    total += row_total;
  }
  return total > 0 ? difference / total : difference;
}

void count_zero_groups(const PlannedModule& module, ModuleFigures& figures, ThreadPool& pool) {
  const Scheme& scheme = *module.scheme;
  const bool fp8 = scheme.weights == Scheme::Weights::fp8;
  const int64_t N = module.tensor->shape[0], K = module.tensor->shape[1];
  const int64_t height = fp8 && scheme.block_rows > 0 ? scheme.block_rows : 1;
  int64_t width = fp8 ? scheme.block_columns : scheme.group_size;
  if (scheme.weights == Scheme::Weights::nvfp4) width = Nvfp4::group_size;
  if (width == 0) width = K;
  const int64_t bands = (N + height - 1) / height, across = (K + width - 1) / width;
  const auto weights = module.tensor->array<bfloat16>();
  const auto is_zero = [&](int64_t band, int64_t k0) {
    for (int64_t n = band * height; n < std::min(N, (band + 1) * height); ++n) {
      const bfloat16* row = &weights[n * K];
      if (!std::all_of(row + k0, row + std::min(K, k0 + width),
                       [](bfloat16 w) { return (w.bits & 0x7FFF) == 0; })) {
        return false;
      }
    }
    return true;
  };
  std::atomic<int64_t> zeros{0};
  pool.parallel_for(bands, [&](int64_t band, int) {
    int64_t count = 0;
    for (int64_t k = 0; k < K; k += width) count += is_zero(band, k);
    if (count > 0) zeros += count;
  });
  figures.groups = bands * across;
  figures.zero_groups = zeros;
}

// Whether some group has the scale that a group of zeros gets: else none is one, and the base need
// not be read again, which would take a third of the time of rounding it.
bool may_hold_zero_groups(const Weight& made, const RoundingCodec& codec) {
  const auto* weight = std::get_if<Int4Group>(&made);
  const auto* rule = std::get_if<Int4Codec>(&codec);
  if (weight == nullptr || rule == nullptr) return true;
  const float of_zeros = rule->fit({}).scale;
  const auto has = [](const auto& scales, auto bits) {
    return std::any_of(scales.span().begin(), scales.span().end(),
                       [bits](auto s) { return s.bits == bits; });
  };
  if (const auto* half = std::get_if<Array<float16>>(&weight->scales)) {
    return has(*half, to_float16(of_zeros).bits);
  }
  const auto* scales = std::get_if<Array<bfloat16>>(&weight->scales);
  return scales == nullptr || has(*scales, to_bfloat16(of_zeros).bits);
}

MadeModule round_module(const Plan& plan, size_t index, const Divisors& divisors,
                        const Activations& activations, ThreadPool& pool) {
  const PlannedModule& module = plan.modules[index];
  require(module.quantized(), "round_module: the module stays as it is");
  const auto start = std::chrono::steady_clock::now();
  const auto divisor = divisors.find(module.scale_group);
  const RoundingCodec codec = rounding_codec(*module.scheme, plan.recipe.container,
                                             divisor == divisors.end() ? 1 : divisor->second);
  const Weight original = base_matrix(module);
  MadeModule made{round_to_nearest({original, module.tensor->name}, codec, activations, pool)};
  made.figures.weight_error = weight_error(original, made.weight);
  if (may_hold_zero_groups(made.weight, codec)) count_zero_groups(module, made.figures, pool);
  module.tensor->file->release(module.tensor->bytes);
  made.figures.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return made;
}

}  // namespace quantrial

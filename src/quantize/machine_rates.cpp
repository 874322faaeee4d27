#include "quantize/machine_rates.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/rng.h"
#include "ops/matmul.h"
#include "quantize/coordinate_descent.h"
#include "quantize/gptq.h"
#include "quantize/round_with_feedback.h"
#include "quantize/scale_search.h"
#include "quantize/schemes.h"

namespace quantrial {
namespace {

// Shortest of a few calls: other programs can only slow one down.
template <typename Call>
double shortest_seconds(int calls, Call&& call) {
  double shortest = 0;
  for (int i = 0; i < calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    shortest = i == 0 ? took.count() : std::min(shortest, took.count());
  }
  return shortest;
}

std::vector<float> random_floats(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(uniform(1, i)) - 0.5f;
  }
  return values;
}

double product_rate(Workers& workers) {
  constexpr int64_t T = 512, N = 1024, K = 1024;
  const std::vector<float> x = random_floats(T * K), w = random_floats(N * K);
  std::vector<float> y(static_cast<size_t>(T * N));
  const double seconds = shortest_seconds(5, [&] {
    multiply_nt({x.data(), {T, K}}, {w.data(), {N, K}}, {y.data(), {T, N}}, Into::overwrite,
                workers);
  });
  return static_cast<double>(2 * T * N * K) / seconds;
}

// From one buffer beyond the caches to another, counting both.
double memory_rate(Workers& workers) {
  constexpr int64_t floats = int64_t{16} << 20, part = int64_t{1} << 18;
  const std::vector<float> from(static_cast<size_t>(floats), 1);
  std::vector<float> to(from.size());
  const double seconds = shortest_seconds(3, [&] {
    workers.for_each(floats / part, [&](int64_t i) {
      std::copy_n(from.data() + i * part, part, to.data() + i * part);
    });
  });
  return static_cast<double>(2 * floats * static_cast<int64_t>(sizeof(float))) / seconds;
}

// A Hessian that couples nothing.
ErrorFeedback no_feedback(int64_t K) {
  ErrorFeedback feedback{.columns = std::vector<int64_t>(static_cast<size_t>(K)),
                         .m = std::vector<float>(static_cast<size_t>(K * K)),
                         .diagonal = std::vector<float>(static_cast<size_t>(K), 1)};
  std::iota(feedback.columns.begin(), feedback.columns.end(), 0);
  for (int64_t k = 0; k < K; ++k) feedback.m[static_cast<size_t>(k * K + k)] = 1;
  return feedback;
}

}  // namespace

MachineRates measure_rates(const Recipe& recipe, ThreadPool& pool) {
  Workers workers(pool);
  MachineRates rates{.product_flop = product_rate(workers), .memory_bytes = memory_rate(workers)};
  if (recipe.scheme.weights == Scheme::Weights::fp8) return rates;
  constexpr int64_t N = 512, K = 256;  // two blocks of round_with_feedback
  const Codec codec = algorithm_codec(recipe.scheme, recipe.container, 1);
  if (K % group_size(codec) != 0) return rates;
  const std::vector<float> values = random_floats(N * K);
  const View<const float, 2> w(values.data(), {N, K});
  const std::vector<float> importance(static_cast<size_t>(K), 1);
  std::vector<GroupScale> scales;
  const double searching =
      shortest_seconds(2, [&] { scales = search_scales(codec, w, importance, pool); });
  const ErrorFeedback feedback = no_feedback(K);
  const double rounding = shortest_seconds(2, [&] {
    QuantizedMatrix matrix = round_with_feedback(codec, w, scales, feedback, {}, workers);
    descend_by_coordinates(codec, w, feedback, GptqParameters{}.passes, matrix, {}, workers);
  });
  rates.searched_weights = static_cast<double>(N * K) / searching;
  rates.rounded_weights = static_cast<double>(N * K) / rounding;
  return rates;
}

}  // namespace quantrial

#include <fmt/core.h>

#include "bench/operator_rows.h"
#include "engine/sampler.h"
#include "tests/random_weights.h"

namespace quantrial::bench {
namespace {

// Rows whose inputs and outputs are far larger than the caches.
int64_t rows_of(int64_t columns) { return (int64_t{128} << 20) / (4 * columns); }

struct Matrices {
  std::vector<float> a, b, y;
};

// A short row of random numbers again and again.
std::vector<float> tiled_floats(int64_t count) {
  const std::vector<float> piece = Random(8).floats(1 << 16);
  std::vector<float> all(static_cast<size_t>(count));
  for (size_t i = 0; i < all.size(); ++i) all[i] = piece[i % piece.size()];
  return all;
}

Task norm_task(Backend& backend, int64_t K, int64_t T) {
  const auto m = std::make_shared<Matrices>(
      Matrices{tiled_floats(T * K), tiled_floats(K), tiled_floats(T * K)});
  return {
      .work = {.bytes = 8 * static_cast<double>(T * K)}, .call = [&backend, m, K, T] {
        backend.rms_norm({m->a.data(), {T, K}}, {m->b.data(), {K}}, 1e-6f, {m->y.data(), {T, K}});
      }};
}

Task silu_task(Backend& backend, int64_t K, int64_t T) {
  const auto m = std::make_shared<Matrices>(
      Matrices{tiled_floats(T * K), tiled_floats(T * K), tiled_floats(T * K)});
  return {
      .work = {.bytes = 12 * static_cast<double>(T * K)}, .call = [&backend, m, K, T] {
        backend.silu_multiply({m->a.data(), {T, K}}, {m->b.data(), {T, K}}, {m->y.data(), {T, K}});
      }};
}

Task sampling_task(const SamplingParameters& parameters) {
  constexpr int64_t vocabulary = 248320, sets = 128;  // 127 MB of logits
  const auto logits = std::make_shared<std::vector<float>>(tiled_floats(sets * vocabulary));
  const auto sampler = std::make_shared<Sampler>();
  const auto index = std::make_shared<uint64_t>(0);
  return {.work = {.bytes = 4.0 * vocabulary}, .call = [logits, sampler, index, parameters] {
            const auto first = static_cast<size_t>(*index % sets * vocabulary);
            sampler->sample(std::span(*logits).subspan(first, vocabulary), parameters, (*index)++,
                            nullptr);
          }};
}

}  // namespace

void add_elementwise(OperatorTable& table) {
  const auto add = [&](const char* operation, int64_t K, const auto& make) {
    table.add(fmt::format("{} {}, {} rows", operation, K, rows_of(K)), [&](Backend& on, Size size) {
      return make(on, K, size == Size::full ? rows_of(K) : 16);
    });
  };
  add("rms_norm", 5120, norm_task);
  add("silu_multiply", 17408, silu_task);
}

void add_sampling(OperatorTable& table) {
  table.add("sampling 248320, greedy", sampling_task({.temperature = 0}));
  table.add("sampling 248320, top-k 20, top-p 0.95",
            sampling_task({.temperature = 0.6, .top_k = 20, .top_p = 0.95}));
  table.add("sampling 248320, temperature alone", sampling_task({.temperature = 1}));
}

}  // namespace quantrial::bench

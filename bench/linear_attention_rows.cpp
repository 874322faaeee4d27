#include <fmt/core.h>

#include <cmath>

#include "bench/operator_rows.h"
#include "tests/random_weights.h"

namespace quantrial::bench {
namespace {

constexpr int64_t D = 128, key_heads = 16, width = 4;
constexpr int64_t cold_bytes = int64_t{128} << 20;

// Unit keys and decays as a model makes them, and states of many sequences: each call takes the
// next, so that none is in the caches.
struct Delta {
  int64_t heads = 0, rows = 0, slots = 1, next = 0;
  std::vector<float> q, k, conv, g, beta, y;
  std::unique_ptr<Memory> states;
};

std::shared_ptr<Delta> make_delta(Backend& backend, int64_t heads, int64_t T, Size size) {
  const auto d = std::make_shared<Delta>();
  d->heads = heads;
  d->rows = T;
  const int64_t state = heads * D * D * 4;
  if (size == Size::full) d->slots = (cold_bytes + state - 1) / state;
  d->states = backend.allocate(d->slots * state);
  Random random(5);
  const std::vector<float> numbers = random.floats(D * D);  // untouched memory is slow at first use
  for (int64_t i = 0; i < d->slots * heads; ++i) {
    backend.copy_in(std::as_bytes(std::span(numbers)),
                    static_cast<float*>(d->states->data()) + i * D * D);
  }
  d->k = random.floats(T * key_heads * D);
  for (float& number : d->k) number /= std::sqrt(static_cast<float>(D));
  d->q = d->k;
  d->conv = random.floats(T * (2 * key_heads + heads) * D);
  d->g = random.make<float>(T * heads, [&] { return static_cast<float>(-0.2 * random.uniform()); });
  d->beta = random.make<float>(T * heads, [&] { return static_cast<float>(random.uniform()); });
  d->y.resize(static_cast<size_t>(T * heads * D));
  return d;
}

// FLOP of the recurrence itself: S^T k, k d^T and S^T q, whatever a chunk makes of it.
// One row goes through the states of all sequences in a call.
Task delta_task(Backend& backend, std::shared_ptr<Delta> d, int64_t chunked_rows) {
  const int64_t T = d->rows, H = d->heads;
  const auto rows = static_cast<double>(d->q.size() + d->k.size() + d->conv.size() + d->y.size());
  return {.work = {.bytes = 4 * (2 * static_cast<double>(H * D * D) + (T > 1 ? rows : 0)),
                   .flop = 6 * static_cast<double>(T * H * D * D)},
          .call =
              [&backend, d, T, H, chunked_rows] {
                const DeltaInputs inputs{{d->q.data(), {T, key_heads, D}},
                                         {d->k.data(), {T, key_heads, D}},
                                         {d->conv.data(), {T, (2 * key_heads + H) * D}},
                                         {d->g.data(), {T, H}},
                                         {d->beta.data(), {T, H}}};
                for (int64_t i = 0; i < (T == 1 ? d->slots : 1); ++i) {
                  const Segment segment{
                      .num_rows = T, .chunked_rows = chunked_rows, .slot = d->next++ % d->slots};
                  backend.delta_rule(inputs, std::span(&segment, 1),
                                     {static_cast<float*>(d->states->data()), {d->slots, H, D, D}},
                                     {d->y.data(), {T, H, D}});
                }
              },
          .operations = T == 1 ? d->slots : 1};
}

Task conv_task(Backend& backend, int64_t C, int64_t T) {
  struct Conv {
    std::vector<float> x, weight, state, y;
  };
  const auto c = std::make_shared<Conv>();
  c->x = Random(6).floats(T * C);
  c->weight = Random(7).floats(C * width);
  c->state.resize(static_cast<size_t>((width - 1) * C));
  c->y.resize(c->x.size());
  return {.work = {.bytes = 4 * static_cast<double>(2 * T * C + width * C + 2 * (width - 1) * C),
                   .flop = 2 * static_cast<double>(T * C * width)},
          .call = [&backend, c, C, T] {
            const Segment segment{.num_rows = T};
            backend.causal_conv({c->x.data(), {T, C}}, std::span(&segment, 1),
                                {c->weight.data(), {C, width}},
                                {c->state.data(), {1, width - 1, C}}, {c->y.data(), {T, C}});
          }};
}

}  // namespace

void add_linear_attention(OperatorTable& table) {
  for (const int64_t heads : {16, 48}) {
    table.add(
        fmt::format("delta_rule 128 x 128 x {}, one token", heads),
        [&](Backend& on, Size size) { return delta_task(on, make_delta(on, heads, 1, size), 0); });
    table.add(fmt::format("delta_rule 128 x 128 x {}, 512 in chunks", heads),
              [&](Backend& on, Size size) {
                const int64_t T = size == Size::full ? 512 : delta_chunk;
                return delta_task(on, make_delta(on, heads, T, size), T);
              });
    const int64_t C = (2 * key_heads + heads) * D;
    table.add(fmt::format("causal_conv {} channels, 2048 rows", C), [&](Backend& on, Size size) {
      return conv_task(on, C, size == Size::full ? 2048 : 16);
    });
  }
}

}  // namespace quantrial::bench

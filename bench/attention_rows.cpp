#include <fmt/core.h>

#include <numeric>

#include "bench/operator_rows.h"
#include "tests/random_weights.h"

namespace quantrial::bench {
namespace {

constexpr int64_t head_dim = 256, context = 4096, pages_each = context / page_tokens;

struct Heads {
  int64_t query, key_value;
};

// A cache of several sequences, each with `context` positions, so that a call finds none of its
// keys in the processor's caches.
struct Cached {
  std::vector<float> q, y;
  std::unique_ptr<Memory> keys, values;
  KvPages pages;
  std::vector<int32_t> page_ids;
  int64_t sequences = 0, next = 0;
};

std::shared_ptr<Cached> make_cached(Backend& backend, Heads heads, int64_t sequences) {
  const auto cached = std::make_shared<Cached>();
  cached->sequences = sequences;
  const DType dtype = backend.kv_dtype();
  const int64_t element = dtype == DType::bf16 ? 2 : 4;
  const int64_t bytes = sequences * context * heads.key_value * head_dim * element;
  cached->keys = backend.allocate(bytes);
  cached->values = backend.allocate(bytes);
  cached->pages = {cached->keys->data(), cached->values->data(), dtype, heads.key_value, head_dim};
  cached->page_ids.resize(static_cast<size_t>(sequences * pages_each));
  std::iota(cached->page_ids.begin(), cached->page_ids.end(), 0);
  const std::vector<float> row = Random(3).floats(context * heads.key_value * head_dim);
  const View<const float, 3> numbers(row.data(), {context, heads.key_value, head_dim});
  for (int64_t i = 0; i < sequences; ++i) {
    const Segment all{
        .num_rows = context,
        .pages =
            std::span(cached->page_ids).subspan(static_cast<size_t>(i * pages_each), pages_each)};
    backend.store_kv(numbers, numbers, std::span(&all, 1), cached->pages);
  }
  return cached;
}

Task attention_task(Backend& backend, Heads heads, int64_t T, Size size) {
  const auto c = make_cached(backend, heads, size == Size::small ? 1 : 32 / heads.key_value);
  c->q = Random(4).floats(T * heads.query * head_dim);
  c->y.resize(c->q.size());
  const double read = static_cast<double>(2 * context * heads.key_value * head_dim) * 2;
  const double pairs =
      static_cast<double>(T) * (static_cast<double>(context) - static_cast<double>(T - 1) / 2);
  return {.work = {.bytes = read + 8 * static_cast<double>(c->q.size()),
                   .flop = 4 * pairs * static_cast<double>(heads.query * head_dim),
                   .factors = Multiplies::bfloat16},
          .call = [&backend, c, heads, T] {
            const auto first = static_cast<size_t>(c->next++ % c->sequences * pages_each);
            const Segment last{.num_rows = T,
                               .first_position = context - T,
                               .pages = std::span(c->page_ids).subspan(first, pages_each)};
            backend.attention({c->q.data(), {T, heads.query, head_dim}}, std::span(&last, 1),
                              c->pages, {c->y.data(), {T, heads.query, head_dim}});
          }};
}

}  // namespace

void add_attention(OperatorTable& table) {
  for (const Heads heads : {Heads{8, 2}, Heads{24, 4}}) {
    for (const int64_t T : {1, 256}) {
      table.add(fmt::format("attention {}/{} heads, 4k context, {} {}", heads.query,
                            heads.key_value, T, T == 1 ? "row" : "rows"),
                [&](Backend& on, Size size) {
                  return attention_task(on, heads, size == Size::full ? T : 1, size);
                });
    }
  }
}

}  // namespace quantrial::bench

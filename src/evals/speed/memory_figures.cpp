#include "evals/speed/memory_figures.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/process_memory.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

ordered_json or_null(const std::optional<int64_t>& number) {
  return number ? ordered_json(*number) : ordered_json();
}

ordered_json growth(const MemoryShape& shape) {
  ordered_json rows = ordered_json::array();
  for (const int64_t concurrency : {1, 4, 16, 64}) {
    for (int64_t context = 1024; context <= shape.most_context_tokens; context *= 2) {
      rows.push_back({{"concurrency", concurrency},
                      {"context_tokens", context},
                      {"bytes", shape.total(concurrency, context)}});
    }
  }
  return rows;
}

ordered_json fits(const MemoryShape& shape) {
  const int64_t batch_context = std::min(fit_batch_context, shape.most_context_tokens);
  ordered_json rows = ordered_json::array();
  for (const int64_t gigabytes : {16, 24, 32, 48, 80, 96}) {
    const int64_t bytes = gigabytes << 30;
    const std::optional<int64_t> context = longest_context(shape, bytes);
    const bool by_model = context && *context == shape.most_context_tokens;
    rows.push_back({{"gigabytes", gigabytes},
                    {"largest_context", or_null(context)},
                    {"limited_by", by_model ? "model" : "memory"},
                    {"largest_batch", or_null(largest_batch(shape, batch_context, bytes))},
                    {"batch_context", batch_context}});
  }
  return rows;
}

}  // namespace

std::optional<int64_t> longest_context(const MemoryShape& shape, int64_t bytes) {
  const int64_t rest = bytes - memory_reserve_bytes - shape.total(1, 0);
  if (rest < 0) return std::nullopt;
  if (shape.kv_bytes_per_token == 0) return shape.most_context_tokens;
  const int64_t pages = rest / (shape.kv_bytes_per_token * page_tokens);
  if (pages >= StatePool::pages_for(shape.most_context_tokens)) return shape.most_context_tokens;
  if (pages == 0) return std::nullopt;
  return pages * page_tokens;
}

std::optional<int64_t> largest_batch(const MemoryShape& shape, int64_t context_tokens,
                                     int64_t bytes) {
  const int64_t none = shape.total(0, context_tokens);
  const int64_t one = shape.total(1, context_tokens) - none;
  const int64_t rest = bytes - memory_reserve_bytes - none;
  if (one == 0 || rest < one) return std::nullopt;
  return rest / one;
}

ordered_json memory_figures(const MemoryObservation& o) {
  ordered_json weights = ordered_json::array();
  for (const ClassBytes& w : o.weights) {
    weights.push_back({{"class", w.class_name}, {"format", w.format}, {"bytes", w.bytes}});
  }
  const int64_t measured = o.measured_bytes;
  return {{"weights", weights},
          {"weight_bytes", o.shape.weight_bytes},
          {"kv_bytes_per_token", o.shape.kv_bytes_per_token},
          {"state_bytes_per_sequence", o.shape.state_bytes_per_sequence},
          {"workspace_bytes", o.shape.workspace_bytes},
          {"predicted_bytes", o.shape.total(o.load.concurrency, o.load.context_tokens)},
          {"measured_bytes", measured > 0 ? ordered_json(measured) : ordered_json()},
          {"at", {{"concurrency", o.load.concurrency}, {"context_tokens", o.load.context_tokens}}},
          {"growth", growth(o.shape)},
          {"fits", fits(o.shape)}};
}

}  // namespace quantrial

#include "evals/speed/memory_observation.h"

#include <malloc.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/process_memory.h"
#include "engine/engine.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// One sequence after the other, their states kept.
class ContextFiller {
 public:
  ContextFiller(Model& model, const MemoryLoad& load)
      : model_(model),
        load_(load),
        pool_(model.make_state_pool(
            state_limits({.max_sequences = load.concurrency,
                          .max_tokens = load.concurrency * page_tokens *
                                        StatePool::pages_for(load.context_tokens),
                          .max_draft_tokens = load.draft_tokens}))) {}

  // after(): after each step.
  template <typename After>
  void fill(After after) {
    for (int64_t i = 0; i < load_.concurrency; ++i) {
      SequenceState& state = *states_.emplace_back(pool_->create());
      require(pool_->reserve(state, load_.context_tokens), "the pool holds every sequence");
      while (state.length() < load_.context_tokens) {
        step(state);
        after();
      }
    }
    states_.push_back(pool_->create());  // that of a shared prompt
    after();
  }

 private:
  void step(SequenceState& state) {
    const int64_t first = state.length();
    const int64_t rows = std::min(load_.context_tokens - first, model_.options().max_batch_tokens);
    tokens_.resize(static_cast<size_t>(rows));
    for (int64_t i = 0; i < rows; ++i) {
      tokens_[static_cast<size_t>(i)] =
          static_cast<int32_t>((first + i) % model_.config().vocab_size);
    }
    const SequenceInput input{
        .state = &state, .tokens = tokens_, .chunked_tokens = rows / delta_chunk * delta_chunk};
    model_.forward(*pool_, {&input, 1});
    const int64_t last = rows - 1;
    model_.logits({&last, 1});
    if (load_.draft_tokens == 0) return;
    const MtpInput drafts{.state = &state, .first_position = first, .next_tokens = tokens_};
    model_.mtp_forward(*pool_, {&drafts, 1}, MtpSource::model);
    model_.mtp_logits({&last, 1});
  }

  Model& model_;
  MemoryLoad load_;
  std::unique_ptr<StatePool> pool_;
  std::vector<std::unique_ptr<SequenceState>> states_;
  std::vector<int32_t> tokens_;
};

}  // namespace

int64_t MemoryShape::total(int64_t concurrency, int64_t context_tokens) const {
  const int64_t positions =
      checked_product({concurrency, StatePool::pages_for(context_tokens), page_tokens});
  return checked_sum({weight_bytes, workspace_bytes,
                      checked_product({positions, kv_bytes_per_token}),
                      checked_product({concurrency + 1, state_bytes_per_sequence})});
}

MemoryShape memory_shape(const ModelConfig& config, const ModelBytes& model, DType kv_dtype,
                         int64_t draft_tokens) {
  const StateLimits one{
      .max_sequences = 1, .max_tokens = page_tokens, .max_speculative_rows = draft_tokens + 1};
  return {.weight_bytes = model.weights,
          .workspace_bytes = model.activations,
          .kv_bytes_per_token = StatePool::kv_bytes(config, kv_dtype, one) / page_tokens,
          .state_bytes_per_sequence = StatePool::recurrent_bytes(config, one),
          .most_context_tokens = config.max_position_embeddings};
}

std::vector<ClassBytes> weights_by_class(const Inventory& inventory) {
  std::map<std::pair<std::string, std::string>, int64_t> sums;
  for (const ModuleEntry& module : inventory.modules) {
    if (module.class_name == "vision") continue;
    const bool matrix = module.shape.size() == 2;
    sums[{std::string(module.class_name), matrix ? module.format : "f32"}] +=
        matrix ? module.bytes : 4 * module.parameters;
  }
  std::vector<ClassBytes> list;
  for (const auto& [names, bytes] : sums) list.push_back({names.first, names.second, bytes});
  return list;
}

ResidentGrowth::ResidentGrowth() {
  malloc_trim(0);  // else memory that was freed would be taken again without growing
  start_ = most_ = resident_memory_bytes();
}

void ResidentGrowth::look() { most_ = std::max(most_, resident_memory_bytes()); }

MemoryObservation observe_memory(Model& model, DType kv_dtype, const MemoryLoad& load,
                                 ResidentGrowth& growth,
                                 const std::function<void()>& between_steps) {
  require(load.concurrency > 0 && load.context_tokens > 0, "observe_memory: something to hold");
  growth.look();
  ContextFiller(model, load).fill([&] {
    growth.look();
    between_steps();
  });
  return {.shape = memory_shape(model.config(), model.bytes(), kv_dtype, load.draft_tokens),
          .load = load,
          .measured_bytes = growth.bytes()};
}

ordered_json to_json(const MemoryObservation& o) {
  ordered_json weights = ordered_json::array();
  for (const ClassBytes& w : o.weights) {
    weights.push_back({{"class", w.class_name}, {"format", w.format}, {"bytes", w.bytes}});
  }
  return {{"weights", weights},
          {"weight_bytes", o.shape.weight_bytes},
          {"workspace_bytes", o.shape.workspace_bytes},
          {"kv_bytes_per_token", o.shape.kv_bytes_per_token},
          {"state_bytes_per_sequence", o.shape.state_bytes_per_sequence},
          {"most_context_tokens", o.shape.most_context_tokens},
          {"concurrency", o.load.concurrency},
          {"context_tokens", o.load.context_tokens},
          {"draft_tokens", o.load.draft_tokens},
          {"measured_bytes", o.measured_bytes}};
}

MemoryObservation memory_observation(const ordered_json& json) {
  try {
    MemoryObservation o{.shape = {.weight_bytes = json.at("weight_bytes"),
                                  .workspace_bytes = json.at("workspace_bytes"),
                                  .kv_bytes_per_token = json.at("kv_bytes_per_token"),
                                  .state_bytes_per_sequence = json.at("state_bytes_per_sequence"),
                                  .most_context_tokens = json.at("most_context_tokens")},
                        .load = {.concurrency = json.at("concurrency"),
                                 .context_tokens = json.at("context_tokens"),
                                 .draft_tokens = json.at("draft_tokens")},
                        .measured_bytes = json.at("measured_bytes")};
    for (const ordered_json& w : json.at("weights")) {
      o.weights.push_back({w.at("class"), w.at("format"), w.at("bytes")});
    }
    return o;
  } catch (const nlohmann::json::exception& error) {
    throw Error("stored memory observation: {}; measure the memory again", error.what());
  }
}

}  // namespace quantrial

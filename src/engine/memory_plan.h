// What a model with a given context and concurrency needs, and whether it fits. Called by the
// commands before an engine is made, so that "too little memory" is one clear Error and not a
// killed process.
#pragma once

#include <cstdint>
#include <optional>

#include "base/checked.h"
#include "base/process_memory.h"
#include "engine/engine.h"

namespace quantrial {

struct MemoryWish {
  int64_t concurrency = 1;                  // sequences at once
  std::optional<int64_t> context_tokens{};  // of each; without: what the model has and fits
  int64_t draft_tokens = 0;
};

// All in bytes.
struct MemoryPlan {
  EngineOptions engine;
  int64_t context_tokens = 0;
  int64_t weights = 0;       // as stored: mapped from the file, or a copy
  int64_t rounded_head = 0;  // of the weights: the output matrix of --head-bits 8
  int64_t kv = 0;            // keys and values of concurrency * context positions
  int64_t recurrent = 0;     // Gated DeltaNet states
  int64_t workspace = 0;     // activations and logits

  // Error beyond 2^63.
  int64_t total() const { return checked_sum({weights, kv, recurrent, workspace}); }
};

// Throws Error with what is needed, what there is, and the context or concurrency that would fit.
// A wished context beyond max_position_embeddings is an Error as well.
MemoryPlan plan_memory(const ModelConfig& config, const ModelBytes& model, DType kv_dtype,
                       const MemoryWish& wish, int64_t available_bytes);

}  // namespace quantrial

// What a model keeps in memory, by kind, and what the process was seen to hold.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/inventory.h"
#include "model/model.h"

namespace quantrial {

// Bytes from which the need for any concurrency and context follows.
struct MemoryShape {
  int64_t weight_bytes = 0, workspace_bytes = 0;
  int64_t kv_bytes_per_token = 0, state_bytes_per_sequence = 0;
  int64_t most_context_tokens = 0;  // max_position_embeddings

  // As plan_memory() counts: whole pages, and the state of one prompt that sequences share.
  int64_t total(int64_t concurrency, int64_t context_tokens) const;
};
MemoryShape memory_shape(const ModelConfig& config, const ModelBytes& model, DType kv_dtype,
                         int64_t draft_tokens);

struct ClassBytes {
  std::string class_name, format;  // formats/module_class.h; "bf16", "int4", ...
  int64_t bytes = 0;
};
// By class, then format, as the engine holds them: all but matrices in float, and not what it
// leaves in the file (vision).
std::vector<ClassBytes> weights_by_class(const Inventory& inventory);

struct MemoryLoad {
  int64_t concurrency = 1, context_tokens = 0, draft_tokens = 0;
};

struct MemoryObservation {
  std::vector<ClassBytes> weights{};  // left to the caller
  MemoryShape shape{};
  MemoryLoad load{};
  int64_t measured_bytes = 0;  // 0: not known
};

// Resident memory of this process above what it held when this was made: make it before the model
// is opened. Mapped weights count once their pages were read, as they do for the system. What else
// the process does meanwhile counts too; memory that was freed before does not hide anything.
class ResidentGrowth {
 public:
  ResidentGrowth();
  void look();  // notes what is resident now
  int64_t bytes() const { return most_ - start_; }

 private:
  int64_t start_, most_;
};

// Fills `load.concurrency` sequences of `load.context_tokens` positions each, all there at once,
// and looks. `between_steps` may throw to stop.
MemoryObservation observe_memory(Model& model, DType kv_dtype, const MemoryLoad& load,
                                 ResidentGrowth& growth,
                                 const std::function<void()>& between_steps);

nlohmann::ordered_json to_json(const MemoryObservation& observation);
// Throws Error when a key is missing or of another type.
MemoryObservation memory_observation(const nlohmann::ordered_json& json);

}  // namespace quantrial

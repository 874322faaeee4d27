// What a recipe makes of each module of a checkpoint, decided before anything is computed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "quantize/block_linears.h"
#include "quantize/recipe.h"
#include "tensor/checkpoint.h"

namespace quantrial {

// One tensor of the base checkpoint (a matrix: its Linear) and what it becomes.
struct PlannedModule {
  std::string name;  // without ".weight"; other tensors in full
  std::string_view class_name;
  const StoredTensor* tensor = nullptr;  // of the base checkpoint, which must outlive the plan
  std::optional<Scheme> scheme;          // empty: stays as it is
  std::string reason;                    // why it stays
  bool dropped = false;
  int64_t bytes_after = 0;
  int scale_group = -1;  // NVFP4: modules of one number share the second-level scale

  bool quantized() const { return scheme.has_value(); }
};

// A decoder block whose Linears may be quantized.
struct PlannedBlock {
  std::string prefix;  // "model.language_model.layers.3.", "mtp.layers.0."
  MixerKind kind;
  std::vector<BlockLinear> linears;
  std::vector<size_t> modules;  // of each Linear, in Plan::modules
};

// One file of the output.
struct PlannedShard {
  std::string file;
  std::vector<size_t> modules;  // in Plan::modules
  std::optional<size_t> block;  // in Plan::blocks: the decoder block it holds
};

struct Plan {
  ModelConfig model;
  Recipe recipe;
  std::string embedding;  // "model.language_model.embed_tokens"
  std::vector<PlannedModule> modules;
  std::vector<PlannedBlock> blocks;      // of the model
  std::vector<PlannedBlock> mtp_blocks;  // quantized with `mtp: same` alone
  std::vector<PlannedShard> shards;      // in the order in which they are written
  int64_t parameters = 0, bytes_before = 0, bytes_after = 0;

  double bits_per_weight() const {
    return parameters == 0 ? 0
                           : 8 * static_cast<double>(bytes_after) / static_cast<double>(parameters);
  }
};

// Throws Error for a checkpoint that is quantized already, not BF16 or incomplete, a module whose
// shape the format cannot hold though the reference tool would try, an override or an entry of keep
// that matches nothing, Linears that engines fuse but the recipe treats differently, and a recipe
// that names no module.
Plan make_plan(const Checkpoint& base, const Recipe& recipe);

// Bytes of w[N,K] with its scales and zero points in that container.
int64_t stored_bytes(const Scheme& scheme, OutputContainer container, int64_t N, int64_t K);

}  // namespace quantrial

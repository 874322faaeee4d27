// The Linears of a decoder block, by construction: names, shapes, and which of them read the same
// input tensor (model.md section 2). Plans and forward passes take them from here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"

namespace quantrial {

// A Linear of a block.
struct BlockLinear {
  std::string module;             // full name on disk, "model.layers.3.mlp.up_proj"
  std::string name;               // below the block's prefix, "mlp.up_proj"
  int64_t rows = 0, columns = 0;  // N, K
  int input = 0;                  // Linears with the same number read the same tensor
};

// In the order in which a forward pass needs them. `prefix` ends in "layers.N.".
std::vector<BlockLinear> block_linears(const ModelConfig& config, const std::string& prefix,
                                       MixerKind kind);

}  // namespace quantrial

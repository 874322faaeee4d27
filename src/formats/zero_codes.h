// Whether NVFP4 codes are all zeros: such a matrix is right under any global scale, and its own
// (1 in llm-compressor's files) must not be given to others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "formats/stored_module.h"

namespace quantrial {

// Two codes a byte, 8 being -0; reads no further than the first that is no zero.
inline bool are_zeros(std::span<const uint8_t> codes) {
  return std::all_of(codes.begin(), codes.end(), [](uint8_t pair) { return (pair & 0x77) == 0; });
}

// The same of a stored module, as compressed-tensors or ModelOpt names its codes.
inline bool has_only_zeros(const Checkpoint& checkpoint, const std::string& module) {
  const StoredModule stored(checkpoint, module);
  for (const char* name : {"weight_packed", "weight"}) {
    const StoredTensor* codes = stored.find(name);
    if (codes != nullptr && codes->dtype == DType::u8) {
      return are_zeros(codes->array<uint8_t>().span());
    }
  }
  return false;
}

}  // namespace quantrial

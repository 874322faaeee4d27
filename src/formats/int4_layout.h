// Rearranging stored INT4 tensors into the layout of Int4Group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "formats/int4_group.h"
#include "formats/transpose.h"
#include "tensor/safetensors.h"

namespace quantrial {

// Nibble i of the row that starts at byte `row`: even in the low half.
inline void set_nibble(std::vector<uint8_t>& bytes, int64_t row, int64_t i, uint8_t nibble) {
  uint8_t& byte = bytes[static_cast<size_t>(row + i / 2)];
  byte = static_cast<uint8_t>(byte | nibble << (i % 2 * 4));
}

// Scales stored as [N, K/G], borrowed.
Scales read_scales(const StoredTensor& scales);
// Scales stored as [K/G, N], turned.
Scales read_turned_scales(const StoredTensor& scales, int64_t groups, int64_t rows);

}  // namespace quantrial

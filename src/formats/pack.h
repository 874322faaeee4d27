// Codes of a matrix packed as the formats hold them.
#pragma once

#include "formats/codec.h"
#include "formats/formats.h"

namespace quantrial {

// Int4Group or Nvfp4 with the codes, scales and zero points of `matrix`, bit for bit. `activations`
// counts for NVFP4 alone. The columns must be whole groups, a group a multiple of 16.
Weight pack(const Codec& codec, QuantizedMatrix&& matrix, const Activations& activations);

}  // namespace quantrial

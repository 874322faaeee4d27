// Whole matrices to the nearest numbers of a format, group by group, without data: the bits that
// Codec::fit, Codec::encode and pack() give, at nearly the speed of memory.
#pragma once

#include <string>
#include <variant>

#include "base/thread_pool.h"
#include "formats/codec.h"
#include "formats/formats.h"

namespace quantrial {

// E4M3 with a multiplier per block, absmax / 448 of the block.
struct Fp8Codec {
  enum class Rule : uint8_t {
    hugging_face,  // code = e4m3(w * s), s = 448 / absmax (1 for 0), in float; 1 / s is stored
    compressed_tensors,  // code = e4m3(w / s), s = absmax / 448 (2^-7 for 0), in bfloat16
  };
  Rule rule = Rule::hugging_face;
  int64_t block_rows = 128, block_columns = 128;
};

using RoundingCodec = std::variant<Int4Codec, Nvfp4Codec, Fp8Codec>;

// A matrix to be rounded and where it comes from, for messages.
struct NamedMatrix {
  const Weight& weight;  // Bf16 or F32
  std::string tensor;    // "model.layers.3.mlp.up_proj.weight"
};

// `activations` is what the input is quantized to at run time (Fp8Block and Nvfp4). The columns
// must be whole groups of INT4 and NVFP4. Throws Error naming tensor, row and column of a weight
// that is NaN or infinite, or too large for the scale's type.
Weight round_to_nearest(const NamedMatrix& matrix, const RoundingCodec& codec,
                        const Activations& activations, ThreadPool& pool);

// The largest magnitude, for Nvfp4Codec::divisor_for(); the same errors.
float absmax(const NamedMatrix& matrix, ThreadPool& pool);

}  // namespace quantrial

// How the tensors of one quantized Linear are to be read, as quantization_config prescribes it.
#pragma once

#include <cstdint>
#include <string>

namespace quantrial {

struct Scheme {
  enum class Weights : uint8_t { int4, fp8, nvfp4 };
  enum class Inputs : uint8_t { unquantized, fp8_dynamic, fp8_static, nvfp4_local };

  Weights weights = Weights::int4;
  int64_t group_size = 0;                     // int4: columns of one scale; 0: the whole row
  bool symmetric = true;                      // int4: no zero points
  int64_t block_rows = 0, block_columns = 0;  // fp8: rows x columns of one scale; 0: all of them
  Inputs inputs = Inputs::unquantized;
  int64_t input_group = 0;  // fp8_dynamic: channels of one scale; 0: the whole token

  friend bool operator==(const Scheme&, const Scheme&) = default;
};

// The family of tensor names and layouts.
enum class Container : uint8_t { none, compressed_tensors, gptq, awq, fp8, modelopt };

// "int4 g128 symmetric", "fp8 128x128, inputs fp8 dynamic g128", ...
std::string describe(const Scheme& scheme);

}  // namespace quantrial

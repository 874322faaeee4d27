// From a Weight to the tensors of a checkpoint: the inverse of read_weight.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/formats.h"
#include "tensor/safetensors_writer.h"

namespace quantrial {

// The tools whose files are written.
enum class OutputContainer : uint8_t {
  auto_round,          // INT4 as `auto_round:auto_gptq`, NVFP4 as `auto_round:llm_compressor`
  fp8,                 // Hugging Face's `fp8`
  compressed_tensors,  // pack-quantized, float-quantized, nvfp4-pack-quantized
};
std::string_view name(OutputContainer container);

// The tensors that hold `module`'s matrix in files of the container (formats.md A.1-A.5); dense
// matrices are `weight` in every one. The tensors keep the weight alive; bytes that lie in memory
// as in the file are not copied. Throws Error for a format that the container cannot hold.
std::vector<TensorToWrite> written_tensors(const std::string& module,
                                           std::shared_ptr<const Weight> weight,
                                           OutputContainer container);

}  // namespace quantrial

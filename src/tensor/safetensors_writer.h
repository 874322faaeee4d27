// Writes safetensors files, one tensor in memory at a time.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace quantrial {

struct TensorToWrite {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  // Called once, in order, to produce the bytes; so that a large file needs one tensor in memory.
  std::function<std::vector<std::byte>()> make_bytes;
};

// Writes one safetensors file: header first (padded so that the data starts at a multiple of 8),
// tensors in the order given. Appears under its name only when complete (written beside it, synced
// and renamed). Throws Error on I/O trouble and leaves nothing behind.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace quantrial

// Writes safetensors files, one tensor or a piece of one in memory at a time.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/file_in_progress.h"
#include "tensor/safetensors.h"

namespace quantrial {

// Takes the next bytes of a tensor.
using PieceSink = std::function<void(std::span<const std::byte>)>;

struct TensorToWrite {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  // Called once, in order, to produce the bytes; so that a large file needs one tensor in memory.
  std::function<std::vector<std::byte>()> make_bytes;
  // In place of make_bytes: bytes copied from a mapped file piece by piece, whose pages are given
  // back. Must outlive the call.
  const StoredTensor* source = nullptr;
  // In place of both: bytes in memory, which `owner` keeps, or the caller until the call returns.
  std::span<const std::byte> ready{};
  std::shared_ptr<const void> owner{};
  // In place of all: called once, in order, to hand the bytes over piece by piece; for a tensor
  // that would be too large in memory as a whole.
  std::function<void(const PieceSink&)> make_pieces{};
};

int64_t bytes_of(const TensorToWrite& tensor);  // by dtype and shape

struct SafetensorsWriteOptions {
  std::map<std::string, std::string> metadata{};
  // Called as bytes of tensors go out, with their number; may throw to stop.
  std::function<void(int64_t bytes)> written{};
  Durability durability = Durability::synced;
};

// Writes one safetensors file: header first (padded so that the data starts at a multiple of 8),
// tensors in the order given. Appears under its name only when complete (written beside it, synced
// and renamed; what a killed run left there is replaced). Throws Error on I/O trouble, when another
// run is writing the same file, or when `path` is no regular file, and leaves nothing behind.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const SafetensorsWriteOptions& options = {});

}  // namespace quantrial

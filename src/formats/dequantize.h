// Writes a quantized checkpoint back as BF16: the same names and layout, a piece of a tensor in
// memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/thread_pool.h"
#include "formats/formats.h"
#include "tensor/safetensors_writer.h"

namespace quantrial {

// w[N,K] decoded and rounded to the nearest bfloat16, handed to `sink` in pieces of whole rows,
// about 8 MiB; rows are shared among the threads.
void decode_bf16(const Weight& weight, ThreadPool& pool, const PieceSink& sink);

// Called after each piece with the bytes written so far and to be written in all; may throw to
// stop.
using WriteProgress = std::function<void(int64_t bytes, int64_t total_bytes)>;

// Decodes every quantized matrix of the folder `from` into the folder `to`, in shards of about
// 5 GB with an index. Everything else (unquantized tensors, tokenizer, processor and generation
// configs, subfolders) is carried over byte for byte; config.json loses its quantization_config.
// `to` must be absent or empty; it appears when complete (written beside it and renamed). Throws
// Error for a malformed checkpoint, too little space, or I/O trouble, and leaves nothing behind.
void dequantize_folder(const std::filesystem::path& from, const std::filesystem::path& to,
                       ThreadPool& pool, const WriteProgress& progress);

}  // namespace quantrial

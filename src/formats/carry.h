// What a rewritten checkpoint takes over from its source byte for byte: unquantized tensors, and
// the files beside the weights. Called by everything that writes a checkpoint folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tensor/safetensors.h"
#include "tensor/safetensors_writer.h"

namespace quantrial {

// The tensor as it is; it must outlive the writing.
TensorToWrite carried(const StoredTensor& tensor);

// Tokenizer, chat template, processor and generation configs, subfolders, anything else; not the
// weights, their index, their card (README.md, scores.json), config.json or the configs of a
// quantization. Follows links.
void carry_files(const std::filesystem::path& from, const std::filesystem::path& to);

// The text in one file, replaced as a whole.
void write_text(const std::filesystem::path& path, const std::string& text);

// Error when `dir`'s file system has fewer bytes free.
void check_space(const std::filesystem::path& dir, int64_t bytes);
// Error when `to` lies inside `from`: the copy would copy itself.
void check_outside(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace quantrial

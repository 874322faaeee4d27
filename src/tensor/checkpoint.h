// The tensors of a model folder: one safetensors file or several with an index, mapped and
// validated in full before anything is used. Layout: huggingface/safetensors README, "Format".
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "tensor/array.h"
#include "tensor/dtype.h"

namespace quantrial {

// One tensor as it lies in its file. The bytes may be unaligned for their type.
struct StoredTensor {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;  // outermost first
  std::span<const std::byte> bytes;
  const MappedFile* file;

  int64_t elements() const;
  std::string shape_text() const;  // "[17408, 320]"

  // The numbers as T, which must be the C++ type of `dtype` (or a plain integer of its size);
  // borrowed from the mapped file, or copied when unaligned there.
  template <typename T>
  Array<T> array() const;
  // F32, BF16, F16 or F64 as floats (F64 rounded). Throws Error for other types.
  std::vector<float> floats() const;
};

// One safetensors file.
class SafetensorsFile {
 public:
  // Throws Error for anything the format forbids: header length, JSON, duplicate or missing keys,
  // unknown dtype, shape against bytes, offsets that overlap, leave holes or pass the end.
  explicit SafetensorsFile(const std::filesystem::path& path);
  const std::vector<StoredTensor>& tensors() const { return tensors_; }  // in file order
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  std::unique_ptr<MappedFile> file_;  // stable address: tensors point to it
  std::vector<StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

// All tensors of a folder, by name.
class Checkpoint {
 public:
  // `dir` holds model.safetensors.index.json and its shards, or *.safetensors. Throws Error when
  // the index and the shards disagree, or two files hold one name.
  explicit Checkpoint(const std::filesystem::path& dir);
  const std::filesystem::path& dir() const { return dir_; }
  const StoredTensor* find(const std::string& name) const;  // nullptr when absent
  const StoredTensor& at(const std::string& name) const;    // Error when absent
  const std::map<std::string, const StoredTensor*>& tensors() const { return by_name_; }

 private:
  std::filesystem::path dir_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, const StoredTensor*> by_name_;
};

// Writes one safetensors file: header first, tensors in the order given, 8-byte aligned. Appears
// under its name only when complete (written beside it and renamed). Throws Error on I/O trouble.
struct TensorToWrite {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  // Called once, in order, to produce the bytes; so that a large file needs one tensor in memory.
  std::function<std::vector<std::byte>()> make_bytes;
};
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace quantrial

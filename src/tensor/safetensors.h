// One safetensors file, mapped and validated in full before anything is used.
// Layout: huggingface/safetensors README, "Format": 8 bytes little-endian header length, a JSON
// header {name: {dtype, shape, data_offsets}}, then the data without holes.
#pragma once

#include <bit>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tensor/array.h"
#include "tensor/dtype.h"

namespace quantrial {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

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
  // F32, BF16, F16, F8_E8M0 or F64 as floats (F64 rounded). Throws Error for other types.
  std::vector<float> floats() const;
};

// "[17408, 320]"
std::string shape_text(std::span<const int64_t> shape);

class SafetensorsFile {
 public:
  // Throws Error for anything the format forbids: header length, JSON, duplicate or missing keys,
  // unknown dtype, shape against bytes, offsets that overlap, leave holes or pass the end.
  explicit SafetensorsFile(const std::filesystem::path& path);
  const std::vector<StoredTensor>& tensors() const { return tensors_; }  // in file order
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return file_->path(); }

 private:
  std::unique_ptr<MappedFile> file_;  // stable address: tensors point to it
  std::vector<StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

template <typename T>
Array<T> StoredTensor::array() const {
  require(sizeof(T) == static_cast<size_t>(element_bytes(dtype)) || sizeof(T) == 1,
          "StoredTensor::array: T has another size than the dtype");
  const size_t count = bytes.size() / sizeof(T);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(T) == 0) {
    return Array<T>(std::span(reinterpret_cast<const T*>(bytes.data()), count));
  }
  std::vector<T> copy(count);
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  file->release(bytes);
  return Array<T>(std::move(copy));
}

}  // namespace quantrial

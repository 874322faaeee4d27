#include "formats/int4_layout.h"

#include <cstring>

#include "formats/stored_module.h"

namespace quantrial {
namespace {

template <typename T>
Array<T> turned(const StoredTensor& scales, int64_t groups, int64_t rows) {
  Array<T> result(transposed(scales.array<T>().data(), groups, rows));
  scales.file->release(scales.bytes);
  return result;
}

}  // namespace

Scales read_scales(const StoredTensor& scales) {
  check_dtype(scales, {DType::f16, DType::bf16, DType::f32});
  if (scales.dtype == DType::f16) return scales.array<float16>();
  if (scales.dtype == DType::bf16) return scales.array<bfloat16>();
  return scales.array<float>();
}

Scales read_turned_scales(const StoredTensor& scales, int64_t groups, int64_t rows) {
  check_dtype(scales, {DType::f16, DType::bf16, DType::f32});
  if (scales.dtype == DType::f16) return turned<float16>(scales, groups, rows);
  if (scales.dtype == DType::bf16) return turned<bfloat16>(scales, groups, rows);
  return turned<float>(scales, groups, rows);
}

std::vector<uint8_t> bytes_of_words(const std::vector<uint32_t>& words) {
  std::vector<uint8_t> bytes(words.size() * 4);
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

}  // namespace quantrial

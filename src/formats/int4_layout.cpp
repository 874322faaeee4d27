#include "formats/int4_layout.h"

#include "formats/stored_module.h"

namespace quantrial {
namespace {

template <typename T>
Array<T> turned(const StoredTensor& scales, int64_t groups, int64_t rows) {
  std::vector<T> result(static_cast<size_t>(groups * rows));
  transpose_columns(scales.array<T>().data(), {groups, rows}, 0, rows,
                    std::as_writable_bytes(std::span(result)).data());
  scales.file->release(scales.bytes);
  return Array<T>(std::move(result));
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

}  // namespace quantrial

// Plain 16- and 32-bit matrices.
#include "formats/stored_module.h"

namespace quantrial {

Weight read_dense(const StoredTensor& weight) {
  const auto [rows, columns] = matrix_shape(weight);
  check_dtype(weight, {DType::bf16, DType::f16, DType::f32});
  if (weight.dtype == DType::bf16) return Bf16{rows, columns, weight.array<bfloat16>()};
  if (weight.dtype == DType::f32) return F32{rows, columns, weight.array<float>()};
  F32 converted{rows, columns, Array<float>(weight.floats())};
  weight.file->release(weight.bytes);
  return converted;
}

}  // namespace quantrial

// FP8 E4M3 with multipliers: HF `fp8` (weight_scale_inv), compressed-tensors float-quantized and
// ModelOpt FP8 (weight_scale). formats.md A.2.
#include "base/error.h"
#include "formats/stored_module.h"

namespace quantrial {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

const StoredTensor& scale_of(const StoredModule& module) {
  const StoredTensor* inverse = module.find("weight_scale_inv");
  return inverse != nullptr ? *inverse : module.at("weight_scale");
}

Activations inputs_of(const StoredModule& module, const Scheme& scheme) {
  switch (scheme.inputs) {
    case Scheme::Inputs::fp8_dynamic:
      return Fp8Dynamic{scheme.input_group};
    case Scheme::Inputs::fp8_static: {
      const StoredTensor* activation = module.find("activation_scale");
      return Fp8Static{
          positive_number(activation != nullptr ? *activation : module.at("input_scale"))};
    }
    default:
      return Unquantized{};
  }
}

Array<float> floats_of(const StoredTensor& tensor) {
  if (tensor.dtype == DType::f32) return tensor.array<float>();
  return Array<float>(tensor.floats());
}

}  // namespace

Weight read_fp8(const StoredModule& module, const Scheme& scheme) {
  const StoredTensor& weight = module.at("weight");
  const StoredTensor& scale = scale_of(module);
  const auto [rows, columns] = matrix_shape(weight);
  check_dtype(scale, {DType::f32, DType::bf16, DType::f16, DType::f8_e8m0});
  Fp8Block block;
  block.rows = rows;
  block.columns = columns;
  block.block_rows = scheme.block_rows == 0 ? rows : scheme.block_rows;
  block.block_columns = scheme.block_columns == 0 ? columns : scheme.block_columns;
  // HF `fp8` without weight_block_size does not say whether scales are per tensor or per row.
  const bool per_row = !scale.shape.empty() && scale.shape[0] == rows && scale.elements() == rows;
  if (scheme.block_rows == 0 && scheme.block_columns == 0 && per_row) block.block_rows = 1;
  check_shape(scale, {ceil_div(rows, block.block_rows), ceil_div(columns, block.block_columns)},
              fmt::format("blocks of {} x {}", block.block_rows, block.block_columns));
  block.codes = weight.array<float8_e4m3>();
  block.scales = floats_of(scale);
  block.activations = inputs_of(module, scheme);
  return block;
}

}  // namespace quantrial

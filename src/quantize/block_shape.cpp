#include "quantize/block_shape.h"

#include <algorithm>

#include "ops/backend.h"

namespace quantrial {

int64_t CalibrationShape::rows_within(int64_t most) const {
  if (tokens() == 0) return 0;
  return std::clamp<int64_t>(most / sequence_length, 1, sequences) * sequence_length;
}

CalibrationShape calibration_shape(const Recipe& recipe) {
  if (!recipe.needs_calibration()) return {};
  return {recipe.parameters.samples, recipe.parameters.sequence_length};
}

BlockShape::BlockShape(const Plan& plan, const PlannedBlock& block) : kind(block.kind) {
  for (size_t i = 0; i < block.linears.size(); ++i) {
    const BlockLinear& linear = block.linears[i];
    const PlannedModule& module = plan.modules[block.modules[i]];
    const int64_t size = linear.rows * linear.columns;
    elements += size;
    largest = std::max(largest, size);
    InputShape& input = inputs[linear.input];
    input.columns = linear.columns;
    if (!module.scheme) continue;
    largest_rounded = std::max(largest_rounded, size);
    packed_bytes += module.bytes_after;
    input.quantized_input |= module.scheme->inputs != Scheme::Inputs::unquantized;
    if (module.scheme->weights == Scheme::Weights::fp8) continue;
    const bool nvfp4 = module.scheme->weights == Scheme::Weights::nvfp4;
    input.elements += size;
    input.groups += size / (nvfp4 ? 16 : module.scheme->group_size);
    largest_tuned = std::max(largest_tuned, size);
  }
}

int64_t BlockShape::tuned() const {
  int64_t sum = 0;
  for (const auto& [number, input] : inputs) sum += input.elements;
  return sum;
}

int64_t BlockShape::tuned_groups() const {
  int64_t sum = 0;
  for (const auto& [number, input] : inputs) sum += input.groups;
  return sum;
}

int64_t BlockShape::tape_floats(const ModelConfig& model, int64_t T, int64_t L) const {
  if (T == 0) return 0;
  // normed, h, normed_again; gate, up, multiplied.
  const int64_t common = 3 * model.hidden_size + 3 * model.intermediate_size;
  if (kind == MixerKind::full_attention) {
    // query_gate, query, gate, turned_query; key, value, turned_key; log_sum.
    return T * (common + 5 * model.num_attention_heads * model.head_dim +
                3 * model.num_key_value_heads * model.head_dim + model.num_attention_heads);
  }
  const int64_t heads = model.linear_num_value_heads, D_v = model.linear_value_head_dim;
  const int64_t keys = model.linear_num_key_heads * model.linear_key_head_dim;
  const int64_t chunks = T / L * ((L + delta_chunk - 1) / delta_chunk);
  // qkv, conv; a, b, g, beta; q, k; z, value, mixed; states.
  return T * (common + 2 * model.qkv_rows() + 4 * heads + 2 * keys + 3 * heads * D_v) +
         chunks * heads * model.linear_key_head_dim * D_v;
}

int64_t BlockShape::backward_floats(const ModelConfig& model, int64_t T) const {
  const int64_t mixer = kind == MixerKind::full_attention
                            ? 2 * model.num_key_value_heads * model.head_dim  // d_key, d_value
                            : model.linear_num_key_heads * model.linear_key_head_dim +
                                  2 * model.linear_num_value_heads;  // dk; dg, d_beta
  return T * (model.hidden_size + mixer) + largest;                  // dh; dw
}

int64_t BlockShape::quantized_input_floats(int64_t T) const {
  int64_t columns = 0;
  for (const auto& [number, input] : inputs) {
    if (input.quantized_input) columns += input.columns;
  }
  return T * columns;
}

}  // namespace quantrial

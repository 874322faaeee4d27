// NVFP4 as compressed-tensors stores it (global scales divide) and as ModelOpt does (they
// multiply). formats.md A.4, A.7.
#include "base/error.h"
#include "formats/read_weight.h"
#include "formats/stored_module.h"

namespace quantrial {
namespace {

// Names of one writer's tensors.
struct Names {
  std::string_view codes, global, input_global;
  GlobalScale::Kind kind;
};
constexpr Names compressed_tensors = {"weight_packed", "weight_global_scale", "input_global_scale",
                                      GlobalScale::Kind::divisor};
constexpr Names modelopt = {"weight", "weight_scale_2", "input_scale",
                            GlobalScale::Kind::multiplier};

Weight read(const StoredModule& module, const Scheme& scheme, const Names& names) {
  const StoredTensor& codes = module.at(names.codes);
  const StoredTensor& scales = module.at("weight_scale");
  const auto [rows, bytes] = matrix_shape(codes);
  check_dtype(codes, {DType::u8});
  check_dtype(scales, {DType::f8_e4m3});
  if (bytes % 8 != 0) {
    throw Error("{}: {} columns, expected a multiple of 16; re-export the checkpoint",
                escaped(codes.name), 2 * bytes);
  }
  Nvfp4 weight;
  weight.rows = rows;
  weight.columns = 2 * bytes;
  check_shape(scales, {rows, weight.groups()}, "group 16");
  weight.codes = codes.array<uint8_t>();
  weight.scales = scales.array<float8_e4m3>();
  weight.global = {positive_number(module.at(names.global)), names.kind};
  if (scheme.inputs == Scheme::Inputs::nvfp4_local) {
    weight.activations = Nvfp4Local{{positive_number(module.at(names.input_global)), names.kind}};
  } else if (scheme.inputs == Scheme::Inputs::fp8_dynamic) {
    weight.activations = Fp8Dynamic{scheme.input_group};
  }
  return weight;
}

}  // namespace

Weight read_nvfp4(const StoredModule& module, const Scheme& scheme) {
  return read(module, scheme, compressed_tensors);
}

Weight read_modelopt_nvfp4(const StoredModule& module, const Scheme& scheme) {
  return read(module, scheme, modelopt);
}

GlobalDivisors global_divisors(const Checkpoint& checkpoint, const std::string& module_name) {
  const StoredModule module(checkpoint, module_name);
  const auto divisor = [&](std::string_view Names::*name) -> std::optional<double> {
    for (const Names& names : {compressed_tensors, modelopt}) {
      const StoredTensor* stored = module.find(names.*name);
      if (stored == nullptr) continue;
      if (stored->dtype != DType::f32 || stored->elements() != 1) return std::nullopt;
      const double value = stored->floats()[0];
      return names.kind == GlobalScale::Kind::divisor ? value : 1 / value;
    }
    return std::nullopt;
  };
  return {.weight = divisor(&Names::global), .input = divisor(&Names::input_global)};
}

}  // namespace quantrial

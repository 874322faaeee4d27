#include "formats/read_weight.h"

#include <array>
#include <set>

#include "base/error.h"
#include "formats/stored_module.h"

namespace quantrial {
namespace {

// Every tensor that belongs to a matrix in one of the formats.
constexpr std::array<std::string_view, 18> matrix_tensors = {"weight",
                                                             "weight_packed",
                                                             "weight_scale",
                                                             "weight_zero_point",
                                                             "weight_shape",
                                                             "weight_g_idx",
                                                             "weight_global_scale",
                                                             "input_global_scale",
                                                             "qweight",
                                                             "qzeros",
                                                             "scales",
                                                             "g_idx",
                                                             "weight_scale_inv",
                                                             "weight_scale_2",
                                                             "input_scale",
                                                             "activation_scale",
                                                             "input_zero_point",
                                                             "pre_quant_scale"};

std::vector<std::string_view> present(const StoredModule& module) {
  std::vector<std::string_view> names;
  for (const std::string_view suffix : matrix_tensors) {
    if (module.find(suffix) != nullptr) names.push_back(suffix);
  }
  return names;
}

// The scheme for quantized tensors that are there.
Scheme required_scheme(const StoredModule& module, const QuantizationConfig& config,
                       Scheme::Weights weights) {
  const auto scheme = config.scheme_for(module.name(), weights);
  if (scheme) return *scheme;
  constexpr std::array<std::string_view, 3> names = {"int4", "fp8", "nvfp4"};
  throw Error(
      "{}: stored as {}, but quantization_config ({}) has no {} scheme for it, or several; correct "
      "config.json",
      escaped(module.name()), fmt::join(present(module), ", "), config.name(),
      names[static_cast<size_t>(weights)]);
}

void require_container(const StoredModule& module, const QuantizationConfig& config,
                       std::initializer_list<Container> allowed) {
  for (const Container container : allowed) {
    if (config.container() == container) return;
  }
  throw Error(
      "{}: stored as {}, which quantization_config ({}) does not explain; correct "
      "config.json",
      escaped(module.name()), fmt::join(present(module), ", "), config.name());
}

Weight read_packed(const StoredModule& module, const QuantizationConfig& config) {
  require_container(module, config, {Container::compressed_tensors});
  if (module.at("weight_packed").dtype == DType::u8) {
    return read_nvfp4(module, required_scheme(module, config, Scheme::Weights::nvfp4));
  }
  return read_packed_int4(module, required_scheme(module, config, Scheme::Weights::int4));
}

Weight read_qweight(const StoredModule& module, const QuantizationConfig& config,
                    ThreadPool& pool) {
  require_container(module, config, {Container::gptq, Container::awq});
  const Scheme scheme = required_scheme(module, config, Scheme::Weights::int4);
  if (config.container() == Container::awq) return read_awq(module, scheme);
  return read_gptq(module, scheme, config.zero_offset(), pool);
}

Weight read_plain(const StoredModule& module, const QuantizationConfig& config) {
  const StoredTensor& weight = module.at("weight");
  if (weight.dtype == DType::f8_e4m3) {
    require_container(module, config,
                      {Container::fp8, Container::compressed_tensors, Container::modelopt});
    return read_fp8(module, required_scheme(module, config, Scheme::Weights::fp8));
  }
  if (weight.dtype == DType::u8) {
    require_container(module, config, {Container::modelopt});
    return read_modelopt_nvfp4(module, required_scheme(module, config, Scheme::Weights::nvfp4));
  }
  if (const auto names = present(module); names.size() > 1) {
    throw Error("{}: weight is {}, not quantized, but stands beside {}; save the compressed model",
                escaped(module.name()), name(weight.dtype),
                fmt::join(std::span(names).subspan(1), ", "));
  }
  return read_dense(weight);
}

// What no Linear of the family has, or what changes its maths in a way that is not supported.
void check_no_extras(const StoredModule& module) {
  const bool vision = module.name().find("visual.") != std::string::npos;
  if (module.find("bias") != nullptr && !vision) {
    throw Error("{}.bias: present, but no Linear of this family has a bias; wrong architecture",
                escaped(module.name()));
  }
  if (module.find("pre_quant_scale") != nullptr) {
    throw Error(
        "{}.pre_quant_scale: smoothing at run time is not supported; fold it into the "
        "weights when exporting",
        escaped(module.name()));
  }
}

}  // namespace

Weight read_weight(const Checkpoint& checkpoint, const QuantizationConfig& config,
                   const std::string& module_name) {
  ThreadPool alone(1);
  return read_weight(checkpoint, config, module_name, alone);
}

Weight read_weight(const Checkpoint& checkpoint, const QuantizationConfig& config,
                   const std::string& module_name, ThreadPool& pool) {
  const StoredModule module(checkpoint, module_name);
  const bool packed = module.find("weight_packed") != nullptr;
  const bool qweight = module.find("qweight") != nullptr;
  const bool plain = module.find("weight") != nullptr;
  if (packed + qweight + plain != 1) {
    throw Error(
        "{}: {} of weight, weight_packed and qweight are there, expected one; the "
        "checkpoint is incomplete or of another architecture",
        escaped(module_name), packed + qweight + plain);
  }
  check_no_extras(module);
  if (packed) return read_packed(module, config);
  if (qweight) return read_qweight(module, config, pool);
  return read_plain(module, config);
}

StoredMatrix stored_matrix(const Checkpoint& checkpoint, const QuantizationConfig& config,
                           const std::string& module_name) {
  const StoredModule module(checkpoint, module_name);
  if (const StoredTensor* packed = module.find("weight_packed")) {
    const auto [rows, columns] = matrix_shape(*packed);
    if (packed->dtype == DType::u8) return {"nvfp4", rows, columns * 2, true};
    return {"int4", rows, columns * 8, true};
  }
  if (const StoredTensor* words = module.find("qweight")) {
    const auto [outer, inner] = matrix_shape(*words);
    if (config.container() == Container::awq) return {"int4", inner * 8, outer, true};
    return {"int4", inner, outer * 8, true};
  }
  const StoredTensor& weight = module.at("weight");
  const auto [rows, columns] = matrix_shape(weight);
  if (weight.dtype == DType::u8) return {"nvfp4", rows, columns * 2, true};
  if (weight.dtype == DType::f8_e4m3) return {"fp8-block", rows, columns, true};
  std::string format(name(weight.dtype));
  for (char& c : format) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return {format, rows, columns, false};
}

std::vector<std::string> matrix_modules(const Checkpoint& checkpoint) {
  std::set<std::string> modules;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    const size_t dot = name.rfind('.');
    if (dot == std::string::npos || tensor->shape.size() != 2) continue;
    const std::string_view suffix = std::string_view(name).substr(dot + 1);
    if (suffix == "weight" || suffix == "weight_packed" || suffix == "qweight") {
      modules.insert(name.substr(0, dot));
    }
  }
  return {modules.begin(), modules.end()};
}

std::vector<std::string> tensors_of(const Checkpoint& checkpoint, const std::string& module_name) {
  std::vector<std::string> names;
  for (const std::string_view suffix : present(StoredModule(checkpoint, module_name))) {
    names.push_back(fmt::format("{}.{}", module_name, suffix));
  }
  return names;
}

}  // namespace quantrial

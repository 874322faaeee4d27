// The tiny model of the oracles rounded to nearest and written by our writers in every container:
// what the real loaders are tried on (tests/oracles/load_folders.py).
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "formats/carry.h"
#include "formats/module_class.h"
#include "formats/read_weight.h"
#include "formats/round_to_nearest.h"
#include "formats/test_schemes.h"
#include "formats/write_config.h"

namespace quantrial {

struct RoundedFolder {
  std::string name;
  OutputContainer container;
  std::vector<Scheme> schemes;  // of the mixer's Linears and of the MLP's, where they differ
};

inline std::vector<RoundedFolder> rounded_folders() {
  using namespace test_schemes;
  constexpr auto compressed = OutputContainer::compressed_tensors;
  return {{"int4_auto_round", OutputContainer::auto_round, {int4_g128}},
          {"nvfp4_auto_round", OutputContainer::auto_round, {nvfp4}},
          {"fp8_hf", OutputContainer::fp8, {fp8}},
          {"fp8_compressed", compressed, {fp8}},
          {"int4_symmetric", compressed, {int4_g128}},
          {"int4_asymmetric", compressed, {int4_g32}},
          {"nvfp4_compressed", compressed, {nvfp4}},
          {"mixed_compressed", compressed, {nvfp4, int4_g128}}};
}

namespace rounded_folder {

inline RoundingCodec codec_of(const Scheme& scheme, OutputContainer container, float divisor) {
  if (scheme.weights == Scheme::Weights::nvfp4) return Nvfp4Codec{.divisor = divisor};
  if (scheme.weights == Scheme::Weights::fp8) {
    return Fp8Codec{container == OutputContainer::fp8 ? Fp8Codec::Rule::hugging_face
                                                      : Fp8Codec::Rule::compressed_tensors};
  }
  if (container == OutputContainer::auto_round) return Int4Codec{};
  return Int4Codec{scheme.symmetric ? Int4Codec::Fit::absmax : Int4Codec::Fit::range,
                   scheme.group_size, DType::bf16, Arithmetic::bfloat16};
}

inline Activations activations_of(const Scheme& scheme) {
  if (scheme.weights == Scheme::Weights::nvfp4) {
    return Nvfp4Local{{100, GlobalScale::Kind::divisor}};
  }
  if (scheme.weights == Scheme::Weights::fp8) return Fp8Dynamic{scheme.input_group};
  return Unquantized{};
}

// What becomes of a module: in_proj_a and in_proj_b, the head, the vision tower and MTP stay, and
// what fp8 cannot hold.
inline std::optional<Scheme> scheme_of(const RoundedFolder& folder, const std::string& module,
                                       const StoredTensor& tensor) {
  const std::string_view kind = module_class(module);
  if (!kind.ends_with("proj") && kind != "in_proj_qkv" && kind != "in_proj_z") return std::nullopt;
  const bool mlp = module.find(".mlp.") != std::string::npos;
  const Scheme& scheme = mlp ? folder.schemes.back() : folder.schemes.front();
  const bool whole_blocks = tensor.shape[0] % 128 == 0 && tensor.shape[1] % 128 == 0;
  if (scheme.weights == Scheme::Weights::fp8 && !whole_blocks) return std::nullopt;
  return scheme;
}

}  // namespace rounded_folder

// Writes the folder `to`, which must not exist, from the BF16 model in `from`.
inline void write_rounded_folder(const RoundedFolder& folder, const std::filesystem::path& from,
                                 const std::filesystem::path& to) {
  const Checkpoint base(from);
  ThreadPool pool(2);
  std::filesystem::create_directories(to);
  std::vector<ModuleScheme> modules;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, tensor] : base.tensors()) {
    const std::string module = name.substr(0, name.rfind('.'));
    const bool matrix = name.ends_with(".weight") && tensor->shape.size() == 2;
    if (matrix) {
      modules.push_back({module, rounded_folder::scheme_of(folder, module, *tensor)});
    }
    if (!matrix || !modules.back().scheme) {
      tensors.push_back(carried(*tensor));
      continue;
    }
    const Scheme& scheme = *modules.back().scheme;
    const Weight dense = read_weight(base, {}, module);
    // A power of two: auto-round multiplies by 1 / G where compressed-tensors divides.
    const auto codec = rounded_folder::codec_of(scheme, folder.container, 4096);
    auto weight = std::make_shared<const Weight>(
        round_to_nearest({dense, name}, codec, rounded_folder::activations_of(scheme), pool));
    for (auto& made : written_tensors(module, std::move(weight), folder.container)) {
      tensors.push_back(std::move(made));
    }
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return element_bytes(a.dtype) > element_bytes(b.dtype);
  });
  write_safetensors(to / "model.safetensors", tensors, {.metadata = {{"format", "pt"}}});
  carry_files(from, to);
  const auto config = quantization_config(folder.container, modules);
  write_text(to / "config.json", with_quantization(read_text_file(from / "config.json"), config));
  if (has_quantization_file(folder.container)) {
    write_text(to / "quantization_config.json", config.dump(2) + "\n");
  }
}

}  // namespace quantrial

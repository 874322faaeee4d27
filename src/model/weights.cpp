#include "model/weights.h"

#include <algorithm>

#include "base/process_memory.h"
#include "formats/round_to_nearest.h"

namespace quantrial {
namespace {

// The engines' rule for a fused module: every member uses the largest divisor (formats.md E.1).
void use_largest_divisor(std::vector<Weight>& weights) {
  float weight_divisor = 0, input_divisor = 0;
  for (const Weight& weight : weights) {
    if (const auto* w = std::get_if<Nvfp4>(&weight)) {
      weight_divisor = std::max(weight_divisor, w->global.divisor());
      if (const auto* a = std::get_if<Nvfp4Local>(&w->activations)) {
        input_divisor = std::max(input_divisor, a->global.divisor());
      }
    }
  }
  for (Weight& weight : weights) {
    if (auto* w = std::get_if<Nvfp4>(&weight)) {
      w->global = {.value = weight_divisor, .kind = GlobalScale::Kind::divisor};
      if (auto* a = std::get_if<Nvfp4Local>(&w->activations)) {
        a->global = {.value = input_divisor, .kind = GlobalScale::Kind::divisor};
      }
    }
  }
}

std::string text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace

std::string decoder_prefix(const Checkpoint& checkpoint) {
  for (const std::string prefix : {"model.language_model.", "model."}) {
    if (checkpoint.find(prefix + "embed_tokens.weight") != nullptr) return prefix;
  }
  throw Error(
      "{}: neither model.language_model.embed_tokens.weight nor model.embed_tokens.weight is "
      "there; is this a Qwen3.5/3.6 checkpoint?",
      escaped(checkpoint.dir().string(), 400));
}

WeightLoader::WeightLoader(const Checkpoint& checkpoint, Backend& backend,
                           Nvfp4GlobalScale global_scale)
    : backend_(backend),
      global_scale_(global_scale),
      checkpoint_(checkpoint),
      quantization_(QuantizationConfig::read(checkpoint.dir())),
      prefix_(decoder_prefix(checkpoint_)) {}

bool WeightLoader::has(const std::string& module) const {
  const auto at = checkpoint_.tensors().lower_bound(module + ".");
  return at != checkpoint_.tensors().end() && at->first.starts_with(module + ".");
}

void check_room(const std::string& module, int64_t bytes, int64_t free_bytes) {
  if (bytes + memory_reserve_bytes <= free_bytes) return;
  constexpr double MB = 1e6;
  throw Error(
      "{}: {:.0f} MB of weights, {:.0f} MB of memory left; free memory, or write the checkpoint "
      "anew with aligned tensors so that it is mapped and not copied",
      escaped(module), static_cast<double>(bytes) / MB, static_cast<double>(free_bytes) / MB);
}

Weight WeightLoader::read(const LinearSpec& spec) {
  int64_t stored_bytes = 0;
  for (const std::string& name : tensors_of(checkpoint_, spec.module)) {
    stored_bytes += static_cast<int64_t>(checkpoint_.at(name).bytes.size());
  }
  check_room(spec.module, stored_bytes, free_memory_bytes());
  Weight weight = read_weight(checkpoint_, quantization_, spec.module);
  if (rows(weight) != spec.rows || columns(weight) != spec.columns) {
    throw Error(
        "{}: shape [{}, {}], expected [{}, {}] from config.json; the folder mixes two models?",
        escaped(spec.module), rows(weight), columns(weight), spec.rows, spec.columns);
  }
  return weight;
}

std::unique_ptr<DeviceWeight> WeightLoader::upload(Weight weight) {
  loaded_bytes_ += bytes(weight);
  return backend_.upload(std::move(weight));
}

std::unique_ptr<DeviceWeight> WeightLoader::linear(const LinearSpec& spec) {
  return upload(read(spec));
}

std::unique_ptr<DeviceWeight> WeightLoader::linear_in_fp8(const LinearSpec& spec) {
  Weight weight = read(spec);
  if (std::holds_alternative<Bf16>(weight) || std::holds_alternative<F32>(weight)) {
    check_room(spec.module, spec.rows * spec.columns, free_memory_bytes());
    ThreadPool pool;  // for a moment, at load
    weight = round_to_nearest({weight, spec.module + ".weight"}, Fp8Codec{}, Unquantized{}, pool);
  }
  return upload(std::move(weight));
}

std::vector<std::unique_ptr<DeviceWeight>> WeightLoader::fused(
    const std::vector<LinearSpec>& specs) {
  std::vector<Weight> weights;
  for (const LinearSpec& spec : specs) weights.push_back(read(spec));
  if (global_scale_ == Nvfp4GlobalScale::fused_max) use_largest_divisor(weights);
  std::vector<std::unique_ptr<DeviceWeight>> uploaded;
  for (Weight& weight : weights) uploaded.push_back(upload(std::move(weight)));
  return uploaded;
}

Vector WeightLoader::vector(const std::string& name, std::vector<int64_t> shape) {
  const StoredTensor& tensor = checkpoint_.at(name);
  if (tensor.shape != shape) {
    throw Error("{}: shape {}, expected {} from config.json; the folder mixes two models?",
                escaped(name), tensor.shape_text(), text(shape));
  }
  const std::vector<float> values = tensor.floats();
  const auto bytes = std::as_bytes(std::span(values));
  Vector vector{.memory = backend_.allocate(static_cast<int64_t>(bytes.size())), .view = {}};
  backend_.copy_in(bytes, vector.memory->data());
  vector.view = View<const float, 1>(static_cast<const float*>(vector.memory->data()),
                                     {static_cast<int64_t>(values.size())});
  loaded_bytes_ += static_cast<int64_t>(bytes.size());
  return vector;
}

}  // namespace quantrial

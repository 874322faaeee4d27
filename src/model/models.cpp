// The architectures that load_model() knows.
#include "base/error.h"
#include "model/qwen3_5.h"

namespace quantrial {

std::unique_ptr<Model> load_model(const std::filesystem::path& dir, Backend& backend,
                                  const ModelOptions& options) {
  const ModelConfig config = read_model_config(dir);
  auto checkpoint = std::make_unique<Checkpoint>(dir);
  if (config.architecture == "Qwen3_5ForConditionalGeneration" ||
      config.architecture == "Qwen3_5ForCausalLM") {
    return std::make_unique<Qwen3_5>(config, std::move(checkpoint), backend, options);
  }
  throw Error(
      "{}: architecture {} is unknown; known: Qwen3_5ForConditionalGeneration, "
      "Qwen3_5ForCausalLM",
      escaped(dir.string(), 400), escaped(config.architecture));
}

}  // namespace quantrial

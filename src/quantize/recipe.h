// A recipe: which algorithm makes which format of which modules, as a YAML file of recipes/ says
// (product.md section 2). Read strictly: unknown keys, unknown values and combinations that no
// container holds are one Error naming file, key, value and remedy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/module_pattern.h"
#include "formats/scheme.h"
#include "formats/write_weight.h"

namespace quantrial {

enum class Method : uint8_t { round_to_nearest, awq, gptq, auto_round };
// What becomes of mtp.*: copied, quantized like the rest (but never mtp.fc), or left out.
enum class MtpPolicy : uint8_t { bf16, same, drop };
// NVFP4: which Linears share a second-level scale. `shared`: all that read the same input;
// `llm_compressor`: q/k/v and gate/up alone, as llm-compressor and auto-round do.
enum class FusedScales : uint8_t { shared, llm_compressor };

// Numbers that an algorithm and its calibration go by.
struct RecipeParameters {
  int64_t iters = 200;             // AutoRound: steps a block
  int64_t samples = 128;           // calibration sequences
  int64_t sequence_length = 2048;  // tokens of one, where text is packed
  int64_t batch = 8;               // AutoRound: sequences a step
  int64_t seed = 42;
  double learning_rate = 0;  // AutoRound; 0: its default
  int64_t grid = 20;         // AWQ: points of its search
  double dampening = 0.01;   // GPTQ: share of the mean diagonal added to the Hessian
};

// Modules that `match` means get their own scheme, or stay 16-bit when there is none.
struct RecipeOverride {
  std::string match;
  ModulePattern pattern;
  std::optional<Scheme> scheme;
};

struct Recipe {
  std::string name, description;
  std::string stands_for,
      differs;  // the published checkpoint that it is made like, and what is not
  Method method = Method::round_to_nearest;
  Scheme scheme;  // weights and activations
  OutputContainer container = OutputContainer::compressed_tensors;
  std::vector<std::string> keep;  // modules that stay 16-bit: names, or "re:" and a regex
  std::vector<ModulePattern> keep_patterns;
  MtpPolicy mtp = MtpPolicy::bf16;
  FusedScales fused_scales = FusedScales::shared;
  RecipeParameters parameters;
  std::vector<RecipeOverride> overrides;  // the first match counts

  // Whether hidden states of calibration text are needed: not for weights that are rounded alone.
  bool needs_calibration() const;
};

// `settings` are "key=value" as --set takes them: dotted keys ("weights.group_size=32"), and the
// short form of a key inside `weights` or `parameters` ("iters=50").
Recipe read_recipe(const std::filesystem::path& file, std::span<const std::string> settings = {});

// Everything that decides the result, in one fixed form: for the journal and quantization.json.
nlohmann::ordered_json as_json(const Recipe& recipe);

std::string_view name(Method method);
std::string_view name(MtpPolicy policy);
std::string_view name(FusedScales scales);

}  // namespace quantrial

#include "quantize/recipe.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/yaml_object.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

constexpr std::array<std::string_view, 4> methods = {"rtn", "awq", "gptq", "autoround"};
constexpr std::array<std::string_view, 3> containers = {"auto-round", "fp8", "compressed-tensors"};
constexpr std::array<std::string_view, 3> mtp_policies = {"bf16", "same", "drop"};
constexpr std::array<std::string_view, 2> scale_sharings = {"shared", "llm-compressor"};
constexpr std::array<std::string_view, 4> weight_types = {"int", "fp8", "nvfp4", "bf16"};
constexpr std::array<std::string_view, 3> activation_types = {"none", "fp8-dynamic", "nvfp4-local"};
enum WeightType : size_t { type_int, type_fp8, type_nvfp4, type_bf16 };

using Keys = std::initializer_list<std::string_view>;
const Keys weight_keys = {"type", "bits", "group_size", "symmetric", "block"};
const Keys parameter_keys = {"iters",         "samples", "sequence_length", "batch", "seed",
                             "learning_rate", "grid",    "dampening"};

bool is_in(const Keys& list, std::string_view key) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

// Those keys may be set by their last part alone.
std::string dotted(const std::string& key) {
  if (is_in(weight_keys, key)) return "weights." + key;
  if (is_in(parameter_keys, key)) return "parameters." + key;
  return key;
}

// Puts "key=value" into the document; returns the dotted key.
std::string apply_setting(YAML::Node& document, const std::string& setting) {
  const size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error("--set: {}; write key=value, as in --set iters=50", escaped(setting));
  }
  const std::string key = dotted(setting.substr(0, equals));
  if (equals + 1 == setting.size()) throw Error("--set: {}; give a value", escaped(setting));
  const YAML::Node value = load_yaml(setting.substr(equals + 1), "--set " + escaped(key));
  YAML::Node node = document;
  size_t at = 0;
  for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', at)) {
    YAML::Node inner = node[key.substr(at, dot - at)];
    if (inner.IsDefined() && !inner.IsMap() && !inner.IsNull()) {
      throw Error("--set: {}; {} holds no keys", escaped(setting), escaped(key.substr(0, dot)));
    }
    node.reset(inner);
    at = dot + 1;
  }
  node[key.substr(at)] = value;
  return key;
}

void read_int(const YamlObject& weights, Scheme& scheme) {
  weights.integer("bits", 4, 4, 4);
  scheme.weights = Scheme::Weights::int4;
  scheme.group_size = weights.integer("group_size", 16, 1 << 20, 128);
  scheme.symmetric = weights.flag("symmetric", true);
  if (scheme.group_size % 16 != 0) weights.fail("group_size", "use a multiple of 16");
}

void read_fp8(const YamlObject& weights, Scheme& scheme) {
  scheme.weights = Scheme::Weights::fp8;
  std::vector<int64_t> block = weights.integers("block", 1, 1 << 20);
  if (block.empty()) block = {128, 128};
  if (block != std::vector<int64_t>{128, 128}) weights.fail("block", "use [128, 128]");
  scheme.block_rows = block[0];
  scheme.block_columns = block[1];
}

void refuse_keys(const YamlObject& weights, Keys keys, std::string_view type) {
  for (const std::string_view key : keys) {
    if (weights.has(std::string(key))) {
      weights.fail(std::string(key), fmt::format("type {} has no such key; remove it", type));
    }
  }
}

void read_activations(const YamlObject& holder, Scheme& scheme) {
  constexpr std::array<size_t, 3> usual = {0, 1, 2};  // by type: int, fp8, nvfp4
  const auto type = static_cast<size_t>(scheme.weights);
  const size_t chosen = holder.choice("activations", activation_types, usual[type]);
  if (chosen != 0 && chosen != usual[type]) {
    holder.fail("activations", fmt::format("weights of type {} go with {}", weight_types[type],
                                           type == type_int   ? "none"
                                           : type == type_fp8 ? "fp8-dynamic or none"
                                                              : "nvfp4-local or none"));
  }
  constexpr std::array inputs = {Scheme::Inputs::unquantized, Scheme::Inputs::fp8_dynamic,
                                 Scheme::Inputs::nvfp4_local};
  scheme.inputs = inputs[chosen];
  scheme.input_group = chosen == 1 ? scheme.block_columns : 0;
}

// `weights` and `activations` of the recipe or of one override; nothing for "bf16".
std::optional<Scheme> read_scheme(const YamlObject& holder) {
  const YamlObject weights = holder.object("weights", weight_keys);
  if (!weights.has("type")) weights.fail("type", "use int, fp8 or nvfp4");
  Scheme scheme;
  scheme.symmetric = true;
  switch (weights.choice("type", weight_types, 0)) {
    case type_int:
      refuse_keys(weights, {"block"}, "int");
      read_int(weights, scheme);
      break;
    case type_fp8:
      refuse_keys(weights, {"bits", "group_size", "symmetric"}, "fp8");
      read_fp8(weights, scheme);
      break;
    case type_nvfp4:
      refuse_keys(weights, {"bits", "group_size", "symmetric", "block"}, "nvfp4");
      scheme.weights = Scheme::Weights::nvfp4;
      scheme.group_size = 16;
      break;
    default:
      refuse_keys(weights, {"bits", "group_size", "symmetric", "block"}, "bf16");
      return std::nullopt;
  }
  read_activations(holder, scheme);
  return scheme;
}

// What the files of a container can say.
void check_container(const YamlObject& holder, const Scheme& scheme, const Recipe& recipe) {
  const bool fp8 = scheme.weights == Scheme::Weights::fp8;
  const bool nvfp4 = scheme.weights == Scheme::Weights::nvfp4;
  const bool inputs = scheme.inputs != Scheme::Inputs::unquantized;
  if (recipe.container == OutputContainer::fp8 && !(fp8 && inputs)) {
    holder.fail(fp8 ? "activations" : "weights",
                "container fp8 holds fp8 weights with fp8-dynamic activations alone; use container "
                "compressed-tensors");
  }
  if (recipe.container == OutputContainer::auto_round && !fp8 && !nvfp4 && !scheme.symmetric) {
    holder.object("weights", weight_keys)
        .fail("symmetric",
              "container auto-round holds true alone; use container compressed-tensors");
  }
  if (recipe.container == OutputContainer::auto_round && fp8) {
    holder.fail("weights", "container auto-round holds int and nvfp4; use container fp8");
  }
  if (recipe.container == OutputContainer::auto_round && nvfp4 && !inputs) {
    holder.fail("activations",
                "container auto-round holds nvfp4 with nvfp4-local activations "
                "alone; use container compressed-tensors");
  }
  if (fp8 && recipe.method != Method::round_to_nearest) {
    holder.fail("weights",
                fmt::format("algorithm {} does not make fp8; use rtn", name(recipe.method)));
  }
}

// `text` is a value of holder's `key`.
ModulePattern pattern_of(const std::string& text, const YamlObject& holder,
                         const std::string& key) {
  if (!text.starts_with("re:")) return ModulePattern::name(text);
  try {
    return ModulePattern::target(text);
  } catch (const Error& error) {
    holder.fail(key, error.what());
  }
}

void read_keep(const YamlObject& root, Recipe& recipe) {
  recipe.keep = root.texts("keep");
  for (const std::string& text : recipe.keep) {
    if (text.empty()) root.fail("keep", "an empty name means nothing; remove it");
    recipe.keep_patterns.push_back(pattern_of(text, root, "keep"));
  }
}

void read_overrides(const YamlObject& root, Recipe& recipe) {
  for (const YamlObject& item : root.objects("overrides", {"match", "weights", "activations"})) {
    const std::string match = item.text("match");
    if (match.empty()) item.fail("match", "name modules, or give \"re:\" and a regex");
    const std::optional<Scheme> scheme = read_scheme(item);
    if (scheme) check_container(item, *scheme, recipe);
    if (scheme && recipe.container == OutputContainer::auto_round &&
        scheme->weights != recipe.scheme.weights) {
      item.fail("weights",
                "container auto-round holds one type of weights; use "
                "container compressed-tensors");
    }
    recipe.overrides.push_back({match, pattern_of(match, item, "match"), scheme});
  }
}

void read_parameters(const YamlObject& root, RecipeParameters& parameters) {
  const YamlObject object = root.object("parameters", parameter_keys);
  RecipeParameters& p = parameters;
  p.iters = object.integer("iters", 0, 1'000'000, p.iters);
  p.samples = object.integer("samples", 1, 1'000'000, p.samples);
  p.sequence_length = object.integer("sequence_length", 2, 1 << 20, p.sequence_length);
  p.batch = object.integer("batch", 1, 65536, p.batch);
  p.seed = object.integer("seed", 0, std::numeric_limits<int64_t>::max(), p.seed);
  p.learning_rate = object.number("learning_rate", 0, 1, p.learning_rate);
  p.grid = object.integer("grid", 2, 1000, p.grid);
  p.dampening = object.number("dampening", 1e-6, 1, p.dampening);
}

Recipe parse(const YAML::Node& document, const std::shared_ptr<const YamlOrigin>& origin) {
  const YamlObject root(
      document, origin, "",
      {"description", "stands_for", "differs", "algorithm", "weights", "activations", "container",
       "keep", "mtp", "fused_scales", "parameters", "overrides"});
  Recipe recipe;
  recipe.description = root.text("description");
  recipe.stands_for = root.text("stands_for");
  recipe.differs = root.text("differs");
  for (const char* key : {"algorithm", "weights", "container"}) {
    if (!root.has(key)) root.fail(key, "a recipe needs it; see recipes/ for examples");
  }
  recipe.method = static_cast<Method>(root.choice("algorithm", methods, 0));
  recipe.container = static_cast<OutputContainer>(root.choice("container", containers, 0));
  const std::optional<Scheme> scheme = read_scheme(root);
  if (!scheme) root.fail("weights", "use int, fp8 or nvfp4; bf16 is for overrides");
  recipe.scheme = *scheme;
  check_container(root, *scheme, recipe);
  read_keep(root, recipe);
  recipe.mtp = static_cast<MtpPolicy>(root.choice("mtp", mtp_policies, 0));
  recipe.fused_scales = static_cast<FusedScales>(root.choice("fused_scales", scale_sharings, 0));
  read_parameters(root, recipe.parameters);
  read_overrides(root, recipe);
  const auto is_nvfp4 = [](const Scheme& s) { return s.weights == Scheme::Weights::nvfp4; };
  bool nvfp4 = is_nvfp4(recipe.scheme);
  for (const RecipeOverride& o : recipe.overrides) nvfp4 |= o.scheme && is_nvfp4(*o.scheme);
  if (root.has("fused_scales") && !nvfp4) {
    root.fail("fused_scales", "only nvfp4 has scales to share; remove it");
  }
  return recipe;
}

nlohmann::ordered_json as_json(const Scheme& scheme) { return describe(scheme); }

}  // namespace

std::string_view name(Method method) { return methods[static_cast<size_t>(method)]; }
std::string_view name(MtpPolicy policy) { return mtp_policies[static_cast<size_t>(policy)]; }
std::string_view name(FusedScales scales) { return scale_sharings[static_cast<size_t>(scales)]; }

bool Recipe::needs_calibration() const {
  if (method != Method::round_to_nearest) return true;
  const auto fixed_inputs = [](const Scheme& s) { return s.inputs == Scheme::Inputs::nvfp4_local; };
  for (const RecipeOverride& o : overrides) {
    if (o.scheme && fixed_inputs(*o.scheme)) return true;
  }
  return fixed_inputs(scheme);
}

Recipe read_recipe(const std::filesystem::path& file, std::span<const std::string> settings) {
  const auto origin = std::make_shared<YamlOrigin>();
  origin->file = shown(file);
  YAML::Node document = load_yaml(read_text_file(file, 1 << 20), origin->file);
  try {
    if (document.IsMap()) {
      for (const std::string& s : settings) origin->settings.insert(apply_setting(document, s));
    }
    Recipe recipe = parse(document, origin);
    recipe.name = file.stem().string();
    return recipe;
  } catch (const YAML::Exception& error) {
    throw Error("{}: {}; correct it", origin->file, escaped(error.what()));
  }
}

nlohmann::ordered_json as_json(const Recipe& recipe) {
  nlohmann::ordered_json json = {{"name", recipe.name},
                                 {"description", recipe.description},
                                 {"algorithm", name(recipe.method)},
                                 {"scheme", as_json(recipe.scheme)},
                                 {"container", name(recipe.container)},
                                 {"keep", recipe.keep},
                                 {"mtp", name(recipe.mtp)}};
  if (recipe.scheme.weights == Scheme::Weights::nvfp4) {
    json["fused_scales"] = name(recipe.fused_scales);
  }
  const RecipeParameters& p = recipe.parameters;
  json["parameters"] = {
      {"iters", p.iters}, {"samples", p.samples},    {"sequence_length", p.sequence_length},
      {"batch", p.batch}, {"seed", p.seed},          {"learning_rate", p.learning_rate},
      {"grid", p.grid},   {"dampening", p.dampening}};
  auto overrides = nlohmann::ordered_json::array();
  for (const RecipeOverride& o : recipe.overrides) {
    overrides.push_back({{"match", o.match}, {"scheme", o.scheme ? as_json(*o.scheme) : "16-bit"}});
  }
  if (!overrides.empty()) json["overrides"] = overrides;
  return json;
}

}  // namespace quantrial

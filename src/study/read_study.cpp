#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/yaml_object.h"
#include "evals/target.h"
#include "study/check_lengths.h"
#include "study/find_checkpoint.h"
#include "study/study.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// A checkpoint in the making lies beside the finished one, under its name and ".partial".
bool is_folder_name(const std::string& name) {
  constexpr size_t longest = 100;
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return !name.empty() && name.size() <= longest && !name.ends_with(".partial") &&
         plain(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
           return plain(c) || c == '.' || c == '_' || c == '-';
         });
}

class Reader {
 public:
  Reader(const fs::path& file, const StudyPlaces& places)
      : places_(places),
        shown_(escaped(file.string(), 400)),
        root_(load_yaml(read_text_file(file, 1 << 20), shown_),
              std::make_shared<YamlOrigin>(YamlOrigin{shown_, {}}), "",
              {"note", "base", "variants", "benchmarks", "benchmark_files", "samples", "limit",
               "sampling", "sampling_overrides", "concurrency", "context", "speed", "fidelity",
               "calibration", "margin", "full_run", "seed"}) {
    study_.name = file.stem().string();
  }

  Study read() {
    constexpr int64_t most = int64_t{1} << 40;
    if (root_.has("base")) {
      study_.base = checkpoint(root_, "base");
      if (!fs::is_regular_file(study_.base / "config.json")) {
        root_.fail("base", "no config.json in it; give the folder of a checkpoint");
      }
    }
    study_.note = root_.text("note");
    study_.seed = static_cast<uint64_t>(root_.integer("seed", 0, INT64_MAX, 42));
    study_.concurrency = root_.integer("concurrency", 1, 4096, study_.concurrency);
    if (root_.has("context")) study_.context = root_.integer("context", 2, most, 0);
    study_.calibration = file(root_, "calibration");
    read_full_run();
    read_variants();
    read_benchmarks();
    read_all_sampling();
    read_speed();
    read_fidelity();
    const YamlObject margin = root_.object("margin", {"macro", "benchmark"});
    const auto read_margin = [&](const char* key, double& to) {
      to = margin.number(key, 0, 1, to);
      if (to == 0) margin.fail(key, "nothing is within it; give a share above 0, as 0.01");
    };
    read_margin("macro", study_.macro_margin);
    read_margin("benchmark", study_.benchmark_margin);
    check_lengths(study_, places_, root_);
    return std::move(study_);
  }

 private:
  fs::path checkpoint(const YamlObject& of, const std::string& key) const {
    try {
      return find_checkpoint(of.text(key), places_);
    } catch (const Error& error) {
      throw Error("{}: {}: {}", shown_, key, error.what());
    }
  }

  fs::path file(const YamlObject& of, const std::string& key) const {
    if (!of.has(key)) return {};
    const fs::path path = of.text(key);
    if (!fs::is_regular_file(path)) of.fail(key, "no such file; give one");
    return path;
  }

  // Another study, which must be there and right.
  void read_full_run() {
    study_.full_run = root_.text("full_run");
    if (study_.full_run.empty()) return;
    const fs::path other = study_file(study_.full_run, places_);
    if (!fs::is_regular_file(other)) root_.fail("full_run", "no such study; give its YAML file");
    const YAML::Node document = load_yaml(read_text_file(other, 1 << 20), escaped(other.string()));
    if (document.IsMap() && document["full_run"]) {
      root_.fail("full_run", "that study names another one in turn; give the fullest");
    }
    read_study(other, places_);
  }

  void read_variants() {
    std::set<std::string> names;
    for (const YamlObject& v :
         root_.objects("variants", {"name", "recipe", "set", "checkpoint", "endpoint", "model",
                                    "tokenizer", "api_key_env", "load", "activations", "seed"})) {
      StudyVariant variant;
      variant.name = v.text("name");
      if (!is_folder_name(variant.name)) {
        v.fail("name",
               "give a name of letters, digits, '.', '_' and '-': 100 at most, no '.partial'");
      }
      if (!names.insert(variant.name).second) v.fail("name", "two variants have it; rename one");
      read_source(v, variant);
      read_load(v, variant);
      if (v.has("seed")) variant.seed = static_cast<uint64_t>(v.integer("seed", 0, INT64_MAX, 0));
      study_.variants.push_back(std::move(variant));
    }
    if (study_.variants.empty()) root_.fail("variants", "give a list: [{name: bf16}, ...]");
  }

  void read_source(const YamlObject& v, StudyVariant& variant) const {
    const int given =
        (v.has("recipe") ? 1 : 0) + (v.has("checkpoint") ? 1 : 0) + (v.has("endpoint") ? 1 : 0);
    if (given > 1) v.fail("name", "give one of recipe, checkpoint and endpoint");
    for (const char* key : {"model", "tokenizer", "api_key_env"}) {
      if (v.has(key) && !v.has("endpoint")) v.fail(key, "for an endpoint alone; remove it");
    }
    if (v.has("set") && !v.has("recipe")) v.fail("set", "for a recipe alone; remove it");
    if (v.has("endpoint")) return read_endpoint(v, variant);
    if (v.has("checkpoint")) {
      variant.source = VariantSource::checkpoint;
      variant.checkpoint = checkpoint(v, "checkpoint");
      return;
    }
    if (study_.base.empty()) {
      v.fail("name", "it has no endpoint and the study no base; give `base:` or `endpoint:`");
    }
    if (v.has("recipe")) read_recipe_of(v, variant);
  }

  void read_recipe_of(const YamlObject& v, StudyVariant& variant) const {
    variant.source = VariantSource::recipe;
    variant.recipe_name = v.text("recipe");
    const fs::path written = variant.recipe_name;
    const bool is_path = written.has_parent_path() || written.extension() == ".yaml";
    const fs::path path = is_path ? written : places_.recipes / (variant.recipe_name + ".yaml");
    if (!fs::is_regular_file(path)) {
      v.fail("recipe", "no such recipe; `quantrial list recipes` says what there is");
    }
    const YamlObject set = v.named("set");
    for (const std::string& key : set.keys()) {
      YAML::Emitter value;
      value << YAML::Flow << set.node(key);
      variant.settings.push_back(key + "=" + value.c_str());
    }
    try {
      variant.recipe = read_recipe(path, variant.settings);
    } catch (const Error& error) {
      throw Error("{}: variant '{}': {}", shown_, variant.name, error.what());
    }
  }

  static void read_endpoint(const YamlObject& v, StudyVariant& variant) {
    variant.source = VariantSource::endpoint;
    const YAML::Node node = v.node("endpoint");
    variant.addresses = node.IsSequence() ? fmt::format("{}", fmt::join(v.texts("endpoint"), ","))
                                          : v.text("endpoint");
    if (!is_address(variant.addresses)) {
      v.fail("endpoint", "give an address: http://127.0.0.1:8000/v1, or a list of them");
    }
    const auto maybe = [&](const char* key) {
      return v.has(key) ? std::optional(v.text(key)) : std::nullopt;
    };
    variant.model = maybe("model");
    variant.tokenizer = maybe("tokenizer");
    variant.key_variable = maybe("api_key_env");
  }

  static void read_load(const YamlObject& v, StudyVariant& variant) {
    const bool served = variant.source == VariantSource::endpoint;
    for (const char* key : {"load", "activations"}) {
      if (served && v.has(key)) v.fail(key, "a server loads its model itself; remove it");
    }
    const YamlObject load = v.object("load", {"nvfp4_global_scale", "head_bits"});
    variant.nvfp4_global_scale = static_cast<Nvfp4GlobalScale>(
        load.choice("nvfp4_global_scale", nvfp4_global_scale_names, 0));
    variant.head = static_cast<HeadStorage>(load.choice("head_bits", head_bits_names, 0));
    variant.activations =
        static_cast<ActivationMode>(v.choice("activations", activation_mode_names, 0));
  }

  void read_benchmarks() {
    const std::vector<std::string> wanted = root_.texts("benchmarks");
    const YamlObject files = root_.named("benchmark_files");
    for (const std::string& name : files.keys()) {
      study_.benchmark_files[name] = file(files, name);
    }
    const BenchmarkFiles where{places_.benchmarks, study_.benchmark_files,
                               BenchmarkFiles::Place::study};
    study_.benchmarks = benchmark_names(wanted, where);
    for (const std::string& name : study_.benchmarks) read_benchmark(name, where);
    const auto must_be_asked = [&](const YamlObject& of, const std::string& name) {
      if (name == "default" || std::find(study_.benchmarks.begin(), study_.benchmarks.end(),
                                         name) != study_.benchmarks.end()) {
        return;
      }
      of.fail(name, fmt::format("no benchmark of this study; they are {}",
                                fmt::join(study_.benchmarks, ", ")));
    };
    for (const char* key : {"samples", "limit", "sampling_overrides", "benchmark_files"}) {
      const YamlObject of = root_.named(key);
      for (const std::string& name : of.keys()) must_be_asked(of, name);
    }
    const YamlObject samples = root_.named("samples"), limit = root_.named("limit");
    for (const std::string& name : samples.keys()) {
      const int64_t K = samples.integer(name, 1, 4096, 1);
      (name == "default" ? study_.samples.usual : study_.samples.of[name]) = K;
    }
    for (const std::string& name : limit.keys()) {
      std::optional<int64_t> n;  // null: all
      if (limit.has(name)) n = limit.integer(name, 1, int64_t{1} << 40, 1);
      (name == "default" ? study_.limit.usual : study_.limit.of[name]) = n;
    }
  }

  void read_all_sampling() {
    const YamlObject usual = root_.object("sampling", sampling_and_thinking_keys);
    study_.sampling.usual = read_sampling(usual);
    study_.thinking = static_cast<ThinkingWish>(usual.choice("thinking", thinking_wish_names, 0));
    const YamlObject overrides = root_.named("sampling_overrides");
    for (const std::string& name : overrides.keys()) {
      const YamlObject own = overrides.object(name, sampling_and_thinking_keys);
      if (own.has("thinking")) own.fail("thinking", "one for all benchmarks; set it in `sampling`");
      BenchmarkSampling s = read_sampling(own);
      const BenchmarkSampling& all = study_.sampling.usual;
      const auto fill = [](auto& value, const auto& otherwise) {
        if (!value) value = otherwise;
      };
      fill(s.temperature, all.temperature);
      fill(s.top_p, all.top_p);
      fill(s.top_k, all.top_k);
      fill(s.min_p, all.min_p);
      fill(s.presence_penalty, all.presence_penalty);
      fill(s.max_tokens, all.max_tokens);
      study_.sampling.of[name] = s;
    }
  }

  void read_speed() {
    if (!root_.has("speed")) return;
    const YamlObject o = root_.object(
        "speed", {"concurrency", "prompt_tokens", "output_tokens", "mtp_draft_tokens", "rounds"});
    SpeedPlan plan;
    const auto list = [&](const char* key, int64_t low, int64_t high, std::vector<int64_t>& to) {
      if (o.has(key)) to = o.integers(key, low, high);
      if (to.empty()) o.fail(key, "give a list with one number at least");
    };
    list("concurrency", 1, 4096, plan.concurrency);
    list("prompt_tokens", 1, 1 << 24, plan.prompt_tokens);
    list("mtp_draft_tokens", 0, max_draft_tokens, plan.draft_tokens);
    plan.output_tokens = o.integer("output_tokens", 2, 1 << 24, plan.output_tokens);
    plan.rounds = o.integer("rounds", 1, 1000, plan.rounds);
    study_.speed = plan;
  }

  void read_fidelity() {
    if (!root_.has("fidelity")) return;
    const YamlObject o = root_.object("fidelity", {"texts", "tokens", "own_traces", "context"});
    if (study_.base.empty()) o.fail("tokens", "needs `base:`; remove `fidelity` or give it");
    FidelityPlan plan;
    plan.tokens = o.integer("tokens", 4, int64_t{1} << 40, plan.tokens);
    plan.own_traces = o.integer("own_traces", 0, 1 << 20, plan.own_traces);
    plan.context = o.integer("context", 2, 1 << 24, plan.context);
    read_texts(o, plan);
    if (plan.texts.empty() && plan.own_traces == 0) {
      o.fail("own_traces", "nothing is left to compare on; give texts or traces");
    }
    study_.fidelity = plan;
  }

  // "held-out", "none", or a list of files.
  void read_texts(const YamlObject& o, FidelityPlan& plan) const {
    if (!o.has("texts") || !o.node("texts").IsScalar()) {
      for (const std::string& text : o.texts("texts")) {
        if (!fs::is_regular_file(text)) o.fail("texts", "no such file; give .txt or .jsonl");
        plan.texts.emplace_back(text);
      }
      return;
    }
    constexpr std::array<std::string_view, 2> words = {"none", "held-out"};
    if (o.choice("texts", words, 0) == 0) return;
    for (const auto& entry : fs::directory_iterator(places_.held_out)) {
      if (entry.path().extension() == ".txt") plan.texts.push_back(entry.path());
    }
    std::sort(plan.texts.begin(), plan.texts.end());
  }

  void read_benchmark(const std::string& name, const BenchmarkFiles& where) const {
    try {
      quantrial::read_benchmark(name, where);
    } catch (const Error& error) {
      throw Error("{}: benchmarks: {}", shown_, error.what());
    }
  }

  const StudyPlaces& places_;
  std::string shown_;
  YamlObject root_;
  Study study_;
};

}  // namespace

Study read_study(const fs::path& file, const StudyPlaces& places) {
  return Reader(file, places).read();
}

fs::path study_file(const std::string& name_or_file, const StudyPlaces& places) {
  const fs::path path = name_or_file;
  const bool is_path = path.has_parent_path() || path.extension() == ".yaml";
  if (is_path) return path;
  const fs::path shipped = places.studies / (name_or_file + ".yaml");
  if (fs::is_regular_file(shipped)) return shipped;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(places.studies)) {
    names.insert(entry.path().stem().string());
  }
  throw Error("'{}': no such study; give a YAML file, or one that is shipped: {}",
              escaped(name_or_file), fmt::join(names, ", "));
}

}  // namespace quantrial

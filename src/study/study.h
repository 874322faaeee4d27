// A study: one base, its variants, and what is measured of them, as a YAML file of studies/ says
// (product.md section 1). Read strictly: unknown keys, names and values are one Error with file,
// key, value and remedy before anything starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/open_model.h"
#include "evals/benchmark_runs.h"
#include "quantize/recipe.h"

namespace quantrial {

enum class VariantSource : uint8_t { base, recipe, checkpoint, endpoint };

struct StudyVariant {
  std::string name;  // of its folder too
  VariantSource source = VariantSource::base;
  std::optional<Recipe> recipe{};                                   // read, with its `set:`
  std::string recipe_name{};                                        // as written
  std::vector<std::string> settings{};                              // "key=value", of `set:`
  std::filesystem::path checkpoint{};                               // of `checkpoint`
  std::string addresses{};                                          // of `endpoint`: URL[,URL]
  std::optional<std::string> model{}, tokenizer{}, key_variable{};  // of `endpoint`
  Nvfp4GlobalScale nvfp4_global_scale = Nvfp4GlobalScale::as_written;
  ActivationMode activations = ActivationMode::as_stored;
  HeadStorage head = HeadStorage::as_stored;
  std::optional<uint64_t> seed{};  // of its samples; without: the study's

  // The base, and nothing made of it at load.
  bool is_base() const { return source == VariantSource::base && head == HeadStorage::as_stored; }
};

// A number for every benchmark, and others for some.
template <typename T>
struct PerBenchmark {
  T usual{};
  std::map<std::string, T> of{};

  const T& at(const std::string& benchmark) const {
    const auto found = of.find(benchmark);
    return found == of.end() ? usual : found->second;
  }
};

struct SpeedPlan {
  std::vector<int64_t> concurrency = {1}, prompt_tokens = {512}, draft_tokens = {0};
  int64_t output_tokens = 128;
  int64_t rounds = 3;  // over all variants in turn; a warm-up before them is dropped
};

struct FidelityPlan {
  std::vector<std::filesystem::path> texts;  // beside the base's own traces
  int64_t tokens = 65536;                    // in all
  int64_t own_traces = 64;                   // questions that the base answers; 0: none
  int64_t context = 4096;                    // of one text or trace
};

struct Study {
  std::string name;            // of the file
  std::string note;            // what kind of model and evidence this is: the report's first screen
  std::filesystem::path base;  // empty: servers alone
  std::vector<StudyVariant> variants;
  std::vector<std::string> benchmarks;  // names, sets resolved
  std::map<std::string, std::filesystem::path> benchmark_files;
  PerBenchmark<int64_t> samples{.usual = 1};
  PerBenchmark<std::optional<int64_t>> limit;
  PerBenchmark<BenchmarkSampling> sampling;
  ThinkingWish thinking = ThinkingWish::on;
  int64_t concurrency = 16;  // samples at once
  std::optional<int64_t> context;
  std::optional<SpeedPlan> speed;
  std::optional<FidelityPlan> fidelity;
  std::filesystem::path calibration;  // file; empty: the shipped texts
  double macro_margin = 0.01, benchmark_margin = 0.02;
  std::string full_run;  // another study: the report says about what it would take
  uint64_t seed = 42;

  // The variant that the others are compared with: the first one of the base, else the first.
  const StudyVariant& reference() const;
  uint64_t seed_of(const StudyVariant& variant) const { return variant.seed.value_or(seed); }
};

// Where a study finds what it names.
struct StudyPlaces {
  std::filesystem::path recipes, benchmarks, studies;  // folders
  std::filesystem::path calibration;                   // folder of the default calibration texts
  std::filesystem::path held_out;  // folder of texts that nothing is calibrated on
  std::filesystem::path shipped;   // "models/reference" of a shipped study is below this
  std::vector<std::filesystem::path> hub_caches;  // "models--ORG--NAME/snapshots/..." are in these
};

// A path, or the name of a shipped study.
std::filesystem::path study_file(const std::string& name_or_file, const StudyPlaces& places);

// Paths in the file are relative to where the program runs.
Study read_study(const std::filesystem::path& file, const StudyPlaces& places);

// Everything that decides the results, in one fixed form: study.yaml and the reproduction card.
nlohmann::ordered_json as_json(const Study& study);

}  // namespace quantrial

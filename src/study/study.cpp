#include "study/study.h"

#include <nlohmann/json.hpp>

namespace quantrial {
namespace {

using nlohmann::ordered_json;

template <typename T>
ordered_json maybe(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json as_json(const BenchmarkSampling& s) {
  ordered_json json = ordered_json::object();
  const auto add = [&](const char* key, const auto& value) {
    if (value) json[key] = *value;
  };
  add("temperature", s.temperature);
  add("top_p", s.top_p);
  add("top_k", s.top_k);
  add("min_p", s.min_p);
  add("presence_penalty", s.presence_penalty);
  add("max_tokens", s.max_tokens);
  return json;
}

ordered_json as_json(const StudyVariant& v) {
  ordered_json json = {{"name", v.name}};
  if (v.recipe) {
    json["recipe"] = v.recipe_name;
    for (const std::string& setting : v.settings) {
      const size_t equals = setting.find('=');
      const std::string value = setting.substr(equals + 1);
      const ordered_json number = ordered_json::parse(value, nullptr, false);
      json["set"][setting.substr(0, equals)] = number.is_discarded() ? ordered_json(value) : number;
    }
  }
  if (!v.checkpoint.empty()) json["checkpoint"] = v.checkpoint.string();
  if (!v.addresses.empty()) json["endpoint"] = v.addresses;
  if (v.model) json["model"] = *v.model;
  if (v.tokenizer) json["tokenizer"] = *v.tokenizer;
  if (v.key_variable) json["api_key_env"] = *v.key_variable;
  if (v.nvfp4_global_scale != Nvfp4GlobalScale::as_written) {
    json["load"] = {{"nvfp4_global_scale", name(v.nvfp4_global_scale)}};
  }
  if (v.head == HeadStorage::fp8) json["load"]["head_bits"] = 8;
  if (v.activations != ActivationMode::as_stored) json["activations"] = name(v.activations);
  if (v.seed) json["seed"] = *v.seed;
  return json;
}

}  // namespace

const StudyVariant& Study::reference() const {
  for (const StudyVariant& variant : variants) {
    if (variant.is_base()) return variant;
  }
  return variants.front();
}

ordered_json as_json(const Study& study) {
  ordered_json json;
  if (!study.note.empty()) json["note"] = study.note;
  if (!study.base.empty()) json["base"] = study.base.string();
  for (const StudyVariant& variant : study.variants) {
    json["variants"].push_back(as_json(variant));
  }
  json["benchmarks"] = study.benchmarks;
  for (const auto& [name, file] : study.benchmark_files) {
    json["benchmark_files"][name] = file.string();
  }
  json["samples"]["default"] = study.samples.usual;
  for (const auto& [name, K] : study.samples.of) json["samples"][name] = K;
  json["limit"]["default"] = maybe(study.limit.usual);
  for (const auto& [name, n] : study.limit.of) json["limit"][name] = maybe(n);
  json["sampling"] = as_json(study.sampling.usual);
  json["sampling"]["thinking"] = name(study.thinking);
  for (const auto& [name, s] : study.sampling.of) json["sampling_overrides"][name] = as_json(s);
  json["concurrency"] = study.concurrency;
  if (study.context) json["context"] = *study.context;
  if (study.speed) {
    json["speed"] = {{"concurrency", study.speed->concurrency},
                     {"prompt_tokens", study.speed->prompt_tokens},
                     {"output_tokens", study.speed->output_tokens},
                     {"mtp_draft_tokens", study.speed->draft_tokens},
                     {"rounds", study.speed->rounds}};
  }
  if (study.fidelity) {
    auto texts = ordered_json::array();
    for (const auto& text : study.fidelity->texts) texts.push_back(text.string());
    json["fidelity"] = {{"texts", texts},
                        {"tokens", study.fidelity->tokens},
                        {"own_traces", study.fidelity->own_traces},
                        {"context", study.fidelity->context}};
  }
  if (!study.calibration.empty()) json["calibration"] = study.calibration.string();
  json["margin"] = {{"macro", study.macro_margin}, {"benchmark", study.benchmark_margin}};
  if (!study.full_run.empty()) json["full_run"] = study.full_run;
  json["seed"] = study.seed;
  return json;
}

}  // namespace quantrial

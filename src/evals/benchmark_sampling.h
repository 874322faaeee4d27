// What a benchmark or a study asks of the sampler, and how both read it from YAML.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace quantrial {

class YamlObject;

// What is absent comes from the command or the model.
struct BenchmarkSampling {
  std::optional<double> temperature, top_p, min_p, presence_penalty;
  std::optional<int64_t> top_k, max_tokens;
};

// Of the mapping `sampling`; a study may also say whether the model is to think.
inline const std::initializer_list<std::string_view> sampling_keys = {
    "temperature", "top_p", "top_k", "min_p", "presence_penalty", "max_tokens"};
inline const std::initializer_list<std::string_view> sampling_and_thinking_keys = {
    "temperature", "top_p", "top_k", "min_p", "presence_penalty", "max_tokens", "thinking"};

// Throws Error with file, key, value and remedy for what no sampler can do.
BenchmarkSampling read_sampling(const YamlObject& of);

}  // namespace quantrial

#include "evals/benchmark_sampling.h"

#include "base/yaml_object.h"

namespace quantrial {

BenchmarkSampling read_sampling(const YamlObject& of) {
  BenchmarkSampling s;
  const auto number = [&](const char* key, double low, double high, std::optional<double>& to) {
    if (of.has(key)) to = of.number(key, low, high, 0);
  };
  number("temperature", 0, 100, s.temperature);
  number("top_p", 0, 1, s.top_p);
  if (s.top_p == 0.0) of.fail("top_p", "it leaves no token; give a share above 0");
  number("min_p", 0, 1, s.min_p);
  number("presence_penalty", -2, 2, s.presence_penalty);
  if (of.has("top_k")) s.top_k = of.integer("top_k", 0, 1 << 20, 0);
  if (of.has("max_tokens")) s.max_tokens = of.integer("max_tokens", 1, 1 << 24, 1);
  return s;
}

}  // namespace quantrial

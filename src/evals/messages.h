// What is sent of the questions of a benchmark.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "evals/benchmark.h"

namespace quantrial {

// [{"role", "content"}, ...]
nlohmann::ordered_json messages_of(const Benchmark& benchmark, const Question& question);

// SHA-256 over the messages of all questions of a benchmark, in the order of its file: what its
// prompt, options and their order come to.
std::string messages_sha256(const Benchmark& benchmark);

}  // namespace quantrial

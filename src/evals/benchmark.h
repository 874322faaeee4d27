// A benchmark: questions, how they are asked, and how answers are graded. All of it is data
// (benchmarks/NAME.yaml and a file of questions); benchmarks/README.md describes the keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evals/benchmark_sampling.h"
#include "evals/question.h"

namespace quantrial {

// How the answer part of a sample is turned into a verdict.
struct GradingRule {
  std::string grader;              // a name of graders.h
  nlohmann::ordered_json options;  // the grader's own keys of the YAML file
};

struct Benchmark {
  std::string name, title, source, licence;
  std::string system;  // system message; empty: none
  std::string prompt;  // user message, a template (prompt.cpp)
  BenchmarkSampling sampling;
  GradingRule grading;
  bool majority = true;         // whether answers have classes that can be voted on
  int64_t expected_tokens = 0;  // of a reply, thinking included, for estimates alone; 0: not known
  std::string data_sha256;
  std::vector<Question> questions;
};

// Where benchmarks and the user's own files of questions are.
struct BenchmarkFiles {
  std::filesystem::path folder;                           // benchmarks/
  std::map<std::string, std::filesystem::path> supplied;  // by benchmark: sets that are not shipped
  // How the user gives such a file, for the Error that asks for one.
  enum class Place : uint8_t { option, study } place = Place::option;
};

// The benchmark `name` of the folder, or the YAML file `name`. Throws Error with file, key, value
// and remedy; also when the questions are a file that the user must supply, or have another hash
// than the one that the YAML file states.
Benchmark read_benchmark(const std::string& name, const BenchmarkFiles& files);

// Names of a list in which a set ("reference") stands for its members.
std::vector<std::string> benchmark_names(const std::vector<std::string>& wanted,
                                         const BenchmarkFiles& files);

// What there is, for `list`.
struct BenchmarkSummary {
  std::string name, title, licence;
  std::vector<std::string> members;  // of a set
  bool supplied_by_user = false;
};
std::vector<BenchmarkSummary> list_benchmarks(const std::filesystem::path& folder);

// The user message of a question. Throws Error when a {{field}} is not there.
std::string prompt_of(const Benchmark& benchmark, const Question& question);

// `limit` questions, drawn by `seed` in equal shares from the clusters, in the order of the file;
// all when `limit` is absent or as large as the set. The draw of a smaller limit is a part of the
// draw of a larger one.
std::vector<Question> draw_questions(std::vector<Question> questions, std::optional<int64_t> limit,
                                     uint64_t seed);

}  // namespace quantrial

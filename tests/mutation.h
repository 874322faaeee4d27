// Damages a small model folder in seeded ways and requires that opening it gives success or Error,
// never a crash, another exception or a hang (architecture.md section 4, habit 7). Shared by
// mutation_test and the program mutate_checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/temporary_folder.h"

namespace quantrial::mutation {

enum class Depth {
  reading,  // config, index, headers, every matrix
  model,    // and the loaded model for two tokens, the tokenizer and the chat template
};

// Opens the folder and uses what it holds. Returns "" for success and the first message of an
// Error; anything else escapes.
std::string exercise(const std::filesystem::path& dir, Depth depth);

// Random choices that depend on (seed, number of the mutation) alone.
class Choice {
 public:
  Choice(uint64_t seed, uint64_t mutation) : seed_(seed ^ mutation << 20) {}
  // Uniform enough in [0, n), n > 0.
  uint64_t below(uint64_t n) { return words() % n; }

 private:
  uint64_t words() {
    const auto w = philox(seed_, counter_++);
    return uint64_t{w[0]} << 32 | w[1];
  }
  uint64_t seed_, counter_ = 0;
};

// A writable copy of a model folder whose files can be damaged and restored.
class Patient {
 public:
  // Copies the files of `source` that opening a model reads to a folder of its own.
  explicit Patient(const std::filesystem::path& source);

  const std::filesystem::path& dir() const { return folder_.path(); }
  const std::map<std::string, std::string>& files() const { return files_; }

  // Cuts `file` to `bytes`.
  void truncate(const std::string& file, uint64_t bytes);
  // One random mutation; returns what was done, for the report of a failure.
  std::string mutate(Choice choice);
  void restore(const std::string& file);
  void restore();  // what truncate() and mutate() damaged

 private:
  void write(const std::string& file, const std::string& bytes);

  const TemporaryFolder folder_;
  std::map<std::string, std::string> files_;  // name -> healthy bytes
  std::vector<std::string> damaged_;
};

}  // namespace quantrial::mutation

// samples.sqlite (product.md 4): every generated sample, one transaction each, so that a killed
// run loses only what was in flight, resuming is a set difference, and K can grow.
//
// Table `samples` has the columns of product.md and: generated_tokens, cluster, the four hashes of
// SampleOrigin, token_ids, accepted_by_position, scores and server (JSON), vote, warning. Table
// `runs` says which of them the figures are made of: one row for each variant and benchmark, with
// K, the ids of its questions and the settings.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "evals/sample.h"
#include "evals/sqlite.h"

namespace quantrial {

// One benchmark of one variant, as it was last asked for.
struct RunRecord {
  std::string variant, benchmark;
  SampleOrigin origin;
  std::vector<std::string> questions;  // ids of the n questions
  int64_t samples = 0;                 // K
  nlohmann::ordered_json settings;     // sampling, thinking, seed, title, licence, warnings
};

class SampleStore {
 public:
  // Opens or makes folder/samples.sqlite. Throws Error when it cannot, and for a file that a newer
  // version wrote.
  SampleStore(const std::filesystem::path& folder, Database::Access access);
  ~SampleStore();  // leaves one file, without a write-ahead log

  // Adds or replaces the sample with the same variant, benchmark, question, number and origin.
  void put(const Sample& sample);
  void put(const std::vector<Sample>& samples);  // in one transaction
  void put(const RunRecord& run);

  std::vector<RunRecord> runs() const;
  // The samples of a run, in the order question (as text), number. `use` must not call the store,
  // which is locked meanwhile.
  void for_each(const RunRecord& run, const std::function<void(Sample)>& use) const;

 private:
  void insert(const Sample& sample);

  mutable std::mutex mutex_;
  Database db_;
  Database::Access access_;
  std::unique_ptr<Statement> insert_;  // of a sample, prepared once; read_write alone
};

}  // namespace quantrial

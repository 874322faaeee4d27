// What samples.sqlite holds beside samples (docs/study.md): a table for each kind of measurement,
// with the raw observation as JSON and a key that says what it was made of.
#pragma once

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/benchmark_runs.h"
#include "evals/sqlite.h"

namespace quantrial {

enum class MeasurementTable : uint8_t {
  study,
  variants,
  size,
  fidelity,
  speed,
  memory,
  divergence
};

struct Measurement {
  std::string variant;  // empty: of the whole study
  std::string part;     // of the measurement: "round 2"
  std::string key;      // a hash of all that it depends on
  nlohmann::ordered_json data{};
};

class MeasurementStore {
 public:
  // Opens folder/samples.sqlite, which a SampleStore has made, as that does.
  MeasurementStore(const std::filesystem::path& folder, Database::Access access);

  // Replaces what has the same variant and part.
  void put(MeasurementTable table, const Measurement& measurement);
  // The data of that variant and part, if it was made of `key`.
  std::optional<nlohmann::ordered_json> find(MeasurementTable table, const std::string& variant,
                                             const std::string& part, const std::string& key) const;
  bool has(MeasurementTable table, const Measurement& like) const {
    return find(table, like.variant, like.part, like.key).has_value();
  }
  // That, whatever it was made of. Absent, too, where a file of `eval` has no such table.
  std::optional<nlohmann::ordered_json> find(MeasurementTable table, const std::string& variant,
                                             const std::string& part) const;
  // All parts of a variant, in their order. Empty where a file of `eval` has no such table.
  std::vector<Measurement> all(MeasurementTable table, const std::string& variant) const;
  void remove(MeasurementTable table, const std::string& variant, const std::string& part);

 private:
  bool exists(MeasurementTable table) const;

  mutable std::mutex mutex_;
  Database db_;
};

// What the last run left out, and why: a part of the table `study`.
inline constexpr const char* not_run_part = "not run";
void put_not_run(MeasurementStore& store, const std::vector<NotRun>& not_run);

}  // namespace quantrial

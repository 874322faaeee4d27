// The log of a run as a person reads it: a table with one row a quantized module, block by block.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantize/block_maker.h"

namespace quantrial {

class ModuleLog {
 public:
  explicit ModuleLog(const Plan& plan) : plan_(plan) {}

  // What the columns mean, and their names.
  std::vector<std::string> head() const;
  // Of what was made for a shard in `seconds`; empty when it is only copied.
  std::vector<std::string> rows(const PlannedShard& shard, const MadeBlock& made,
                                double seconds) const;

 private:
  // What one row says; errors are written already, "" where there is none.
  struct Row {
    std::string name, scheme, before, after, time;
  };
  std::string line(const Row& row) const;
  Row row(const PlannedModule& module, const ModuleFigures& figures,
          const std::string& prefix) const;
  size_t name_width() const;
  size_t scheme_width() const;
  bool tunes() const { return plan_.recipe.method != Method::round_to_nearest; }

  const Plan& plan_;  // read when a line is asked for
};

// For the journal and quantization.json.
nlohmann::ordered_json as_json(const ModuleFigures& figures);

}  // namespace quantrial

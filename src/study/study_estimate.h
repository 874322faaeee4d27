// What a study will take, before it runs: from shapes, counts of questions and how fast this
// machine is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "study/stage.h"

namespace quantrial {

struct StageEstimate {
  Stage stage;
  std::string variant;
  double seconds = 0;
  int64_t disk_bytes = 0;    // written
  int64_t memory_bytes = 0;  // at the peak
  int64_t tokens = 0;        // generated or compared
};

struct StudyEstimate {
  std::vector<StageEstimate> stages;
  // Where lengths of replies are not known: what was assumed.
  std::vector<std::string> assumptions;

  double seconds() const;
  double seconds(Stage stage) const;
};

// Runs the base for a second or two. Servers' speed is not known: they are taken to be as fast as
// the base would be here, and none where there is no base. Right within a factor of two.
StudyEstimate estimate_study(const Study& study, const StudyPlaces& places, ThreadPool& pool);

// As a person reads it: what the variants are, and a line a stage and variant.
std::string estimate_table(const Study& study, const StudyEstimate& estimate);

}  // namespace quantrial

// Goes through the stages of a study (docs/study.md).
#pragma once

#include <optional>
#include <string>

#include "study/stage.h"

namespace quantrial {

struct StudySelection {
  std::optional<Stage> stage{};          // this one alone
  std::optional<std::string> variant{};  // this one alone
};

// Early results come first: every variant is made, compared with the base and asked each question
// twice before any is asked more often. Throws Interrupted when the observer wishes; what a variant
// cannot do is reported, and the others go on.
void run_study(StudyContext& context, const StudySelection& selection);

}  // namespace quantrial

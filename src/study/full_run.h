// What a larger study would take on this machine.
#pragma once

#include "study/stage.h"

namespace quantrial {

// Into the table `study`, part "full run", where the study names another one (`full_run:`): the
// seconds of each stage here, times what the other is estimated to take over what this one is.
// Nothing where a stage has no seconds yet.
void estimate_full_run(StudyContext& context);

}  // namespace quantrial

// What the results were made with and from: settings, machine, program, base.
#pragma once

#include "study/stage.h"

namespace quantrial {

// Into the table `study`: parts::settings, base, machine, program and date.
void write_provenance(StudyContext& context);

}  // namespace quantrial

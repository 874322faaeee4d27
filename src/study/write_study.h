// study.yaml of a study's folder.
#pragma once

#include <string>

#include "study/study.h"

namespace quantrial {

// The study as resolved, every default written out, in a form that read_study() reads again.
std::string study_yaml(const Study& study);

}  // namespace quantrial

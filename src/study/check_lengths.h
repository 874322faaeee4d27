// Lengths of tokens that a study's YAML asks for, against what the base can hold: before any work.
#pragma once

#include "base/yaml_object.h"
#include "study/study.h"

namespace quantrial {

// `root`: the YAML that `study` was read from, for the Error that names file, key and value.
void check_lengths(const Study& study, const StudyPlaces& places, const YamlObject& root);

}  // namespace quantrial

// Where the weights are that a study names.
#pragma once

#include <filesystem>
#include <string>

#include "study/study.h"

namespace quantrial {

// The folder of a checkpoint: `name` itself, what is shipped under it or, as ORG/NAME, the newest
// snapshot of the hub's cache. Throws Error naming where it looked.
std::filesystem::path find_checkpoint(const std::string& name, const StudyPlaces& places);

}  // namespace quantrial

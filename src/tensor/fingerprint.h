// What identifies a checkpoint, so that a run is continued from the same one alone.
#pragma once

#include <string>

#include "tensor/checkpoint.h"

namespace quantrial {

// A hash over config.json, every name, type and shape, and some bytes of each tensor: reading all
// of 55 GB would cost more than some recipes do.
std::string fingerprint(const Checkpoint& checkpoint);

}  // namespace quantrial

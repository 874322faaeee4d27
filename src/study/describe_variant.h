// What each variant is and weighs, written down before anything is measured of it.
#pragma once

#include "study/stage.h"

namespace quantrial {

// Into the store: what the variant is (results.json: `about`) and, of a local one, its size by
// module class. Where its weights are others than before, drops what was measured of those. Reads
// headers and a few bytes of each tensor. Throws Error for a checkpoint that cannot be read.
void describe_variant(StudyContext& context, const StudyVariant& variant);

}  // namespace quantrial

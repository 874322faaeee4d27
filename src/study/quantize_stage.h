// The first stage: checkpoints are made by their recipes.
#pragma once

#include "study/stage.h"

namespace quantrial {

// Makes the variant's checkpoint, unless it is there, made by the same recipe of the same base with
// the same calibration. Throws Error as quantize_checkpoint does.
void quantize_variant(StudyContext& context, const StudyVariant& variant);

}  // namespace quantrial

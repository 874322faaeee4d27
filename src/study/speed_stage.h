// How fast the local variants run, what they hold in memory, and what their MTP heads are good for.
#pragma once

#include "evals/fidelity/fidelity.h"
#include "study/stage.h"

namespace quantrial {

// What requests of the speed stage are made of: the base's own traces.
std::vector<FidelityText> speed_texts(StudyContext& context);

// One round of every cell of the study, and in the first one memory and offline acceptance.
void measure_speed(StudyContext& context, const StudyVariant& variant,
                   const std::vector<FidelityText>& texts, int64_t round);

}  // namespace quantrial

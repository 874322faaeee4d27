// Every variant is asked every benchmark: the same questions, with the same seeds.
#pragma once

#include "evals/benchmark_runs.h"
#include "study/stage.h"

namespace quantrial {

// What all variants are asked. Suites of programs run their own solutions first, once.
PlannedRuns plan_runs(StudyContext& context);

// Asks the variant every question, what is stored not again. The pilot: a few samples of each, so
// that all variants have early figures; nothing where an earlier run asked for more.
void pilot_variant(StudyContext& context, const StudyVariant& variant, const PlannedRuns& planned);
void evaluate_variant(StudyContext& context, const StudyVariant& variant,
                      const PlannedRuns& planned);

}  // namespace quantrial

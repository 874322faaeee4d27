// Every variant is asked every benchmark: the same questions, with the same seeds.
#pragma once

#include "evals/benchmark_runs.h"
#include "study/stage.h"

namespace quantrial {

// What all variants are asked. Suites of programs run their own solutions first, once.
PlannedRuns plan_runs(StudyContext& context);

// Whether an earlier run asked for more samples than that.
bool has_more_samples(const StudyContext& context, const StudyVariant& variant, int64_t samples);

// Asks the variant up to `most_samples` of each question; what is stored is not asked again.
void evaluate_variant(StudyContext& context, const StudyVariant& variant, const PlannedRuns& runs,
                      int64_t most_samples);

}  // namespace quantrial

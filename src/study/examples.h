// Samples whose verdict a variant changed, for people to read side by side: the same question and
// seed, right by one and wrong by the other.
#pragma once

#include "evals/benchmark_runs.h"
#include "study/stage.h"

namespace quantrial {

// Into the table `divergence`, for every variant but the reference: some samples that it lost and
// some that it gained, spread over the benchmarks, with what both models held likeliest where the
// texts part (of local models).
void find_examples(StudyContext& context, const PlannedRuns& runs);

}  // namespace quantrial

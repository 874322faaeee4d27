// Classes of equal answers, for majority votes: written into the store, so that figures follow from
// it alone.
#pragma once

#include "evals/graders/grader.h"
#include "evals/sample_store.h"

namespace quantrial {

// Sets `vote` of every sample of the run: 0 when right, the class of equal wrong answers (1, 2, ...
// by first appearance) otherwise, none without an answer.
void store_votes(SampleStore& store, const RunRecord& run, const Grader& grader);

}  // namespace quantrial

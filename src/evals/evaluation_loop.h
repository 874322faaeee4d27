// Drives an evaluation from its first question to its last grade.
#pragma once

#include <functional>
#include <stdexcept>

#include "evals/answerer.h"
#include "evals/evaluation.h"

namespace quantrial {

// Who watches a run; both are called often, by the thread that runs it.
struct EvaluationWatch {
  std::function<bool()> interrupted;
  std::function<void(const std::vector<EvaluationProgress>&)> show;
};

// Asks and grades until all is done or the watcher interrupts; what came is in the store either
// way. Gives the Error that ended the asking, if one did: what there was is graded all the same.
std::exception_ptr run_evaluation(Answerer& answerer, Evaluation& evaluation,
                                  const EvaluationWatch& watch);

// What keeps the figures from being whole, a line each benchmark; empty: they are.
std::vector<std::string> missing_scores(const std::vector<EvaluationProgress>& progress);

}  // namespace quantrial

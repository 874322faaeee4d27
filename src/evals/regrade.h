// Grading stored samples again, without generating: a grader has changed, or a sandbox failed.
#pragma once

#include <string>

#include "base/thread_pool.h"
#include "evals/benchmark.h"
#include "evals/graders/grader.h"
#include "evals/sample_store.h"

namespace quantrial {

struct RegradeCounts {
  int64_t graded = 0;   // samples whose answer was graded
  int64_t changed = 0;  // of those, with another outcome or verdict than before
  int64_t sandbox_errors = 0;
  std::string last_error;
};

// The name of the benchmark that a run asked, without the mark of how.
std::string benchmark_of(const RunRecord& run);

// Grades what ended with an answer, or could not be graded; what was cut off, or never came, stays.
// Writes verdicts, votes and the grader's version. `benchmark`: that of the run, with its
// questions. Throws Error when its questions or prompts are others than those of the run.
RegradeCounts regrade(SampleStore& store, RunRecord run, const Benchmark& benchmark,
                      const Grader& grader, ThreadPool& pool);

}  // namespace quantrial

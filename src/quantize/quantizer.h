// From a recipe to a finished checkpoint: streams the base one decoder block at a time, writes one
// file a block, survives interruptions (journal.h), and gives the folder its name when everything
// is there and verified.
#pragma once

#include <filesystem>
#include <string>

#include "base/thread_pool.h"
#include "quantize/calibration.h"
#include "quantize/journal.h"
#include "quantize/recipe.h"

namespace quantrial {

struct QuantizeJob {
  std::filesystem::path model, out;
  Recipe recipe;
  CalibrationSource calibration;
  PartialFolder::Start start = PartialFolder::Start::fresh;
};

// Who watches a run. Either may throw Interrupted to end it; what is finished is kept: the partial
// folder stays for --resume.
class QuantizeObserver {
 public:
  virtual ~QuantizeObserver() = default;
  // `done` from 0 to 1, `what` in a few words: "block 3 of 64".
  virtual void progress(double done, const std::string& what) = 0;
  virtual void line(const std::string& text) = 0;  // of the log
};

// Throws Error for everything that is wrong with recipe, checkpoint, calibration or disk.
void quantize_checkpoint(const QuantizeJob& job, ThreadPool& pool, QuantizeObserver& observer);

}  // namespace quantrial

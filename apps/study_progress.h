// Progress of a study: the line of the stage that runs, and what is found on the way.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "apps/interrupt.h"
#include "apps/progress.h"
#include "study/stage.h"

namespace quantrial {

class StudyProgress final : public StudyObserver {
 public:
  // `stored` writes the results anew.
  StudyProgress(const InterruptGuard& guard, bool quiet, std::function<void()> stored)
      : guard_(guard), quiet_(quiet), stored_(std::move(stored)) {}

  void line(const std::string& text) override;
  void progress(double done, const std::string& what) override;
  bool interrupted() override { return guard_.interrupted(); }
  void stored() override { stored_(); }

 private:
  const InterruptGuard& guard_;
  bool quiet_;
  std::function<void()> stored_;
  std::mutex mutex_;
  std::string what_;  // of the present line, up to its colon
  std::optional<ProgressLine> line_;
};

}  // namespace quantrial

// Progress while suites of programs run their own solutions, where that takes more than a moment.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "apps/progress.h"

namespace quantrial {

class SuiteProgress {
 public:
  void show(const std::string& benchmark, size_t done, size_t all);

 private:
  std::string benchmark_;
  std::chrono::steady_clock::time_point start_{};
  std::optional<ProgressLine> line_;  // of this benchmark
};

}  // namespace quantrial

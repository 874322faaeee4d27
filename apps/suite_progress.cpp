#include "apps/suite_progress.h"

#include <fmt/format.h>

namespace quantrial {

void SuiteProgress::show(const std::string& benchmark, size_t done, size_t all) {
  constexpr auto moment = std::chrono::seconds(1);
  if (benchmark != benchmark_) {
    benchmark_ = benchmark;
    start_ = std::chrono::steady_clock::now();
    line_.reset();
  }
  if (std::chrono::steady_clock::now() - start_ < moment) return;
  if (!line_) line_.emplace("eval");
  line_->show(static_cast<double>(done) / static_cast<double>(all),
              fmt::format("{}: {} of {} of its own solutions run", benchmark, done, all));
}

}  // namespace quantrial

#include "apps/study_progress.h"

#include <cstdio>

namespace quantrial {

void StudyProgress::line(const std::string& text) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  if (line_) {
    line_->print(text);
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

void StudyProgress::progress(double done, const std::string& what) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  const std::string of = what.substr(0, what.find(':'));
  if (of != what_) {
    what_ = of;
    line_.emplace("study");
  }
  line_->show(done, what);
}

}  // namespace quantrial

#include "apps/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace quantrial {
namespace {

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  if (s < 100) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

std::string bar(double done) {
  constexpr int width = 24;
  const auto full = static_cast<size_t>(done * width);
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

}  // namespace

bool ProgressLine::is_terminal() { return isatty(STDERR_FILENO) != 0; }

ProgressLine::~ProgressLine() {
  if (on_screen_ > 0) std::fputc('\n', stderr);
}

void ProgressLine::erase() {
  if (on_screen_ == 0) return;
  std::fprintf(stderr, "\r%*s\r", static_cast<int>(on_screen_), "");
  on_screen_ = 0;
}

void ProgressLine::show(double done, const std::string& what) {
  done = std::clamp(done, 0.0, 1.0);
  const auto now = Clock::now();
  if (first_ < 0) {
    first_ = done;
    start_ = shown_ = now;
  }
  const std::chrono::duration<double> elapsed = now - start_, silent = now - shown_;
  const bool last = done >= 1 && !finished_;
  if (finished_ || (!last && silent.count() < (terminal_ ? 0.1 : 10.0))) return;
  shown_ = now;
  finished_ = last;
  const double gained = done - first_;
  const std::string left = last         ? duration(elapsed.count())
                           : gained > 0 ? duration(elapsed.count() * (1 - done) / gained) + " left"
                                        : "";
  erase();
  const std::string text =
      terminal_ && !last
          ? fmt::format("{}: {} {:.0f} %, {}, {}", command_, bar(done), 100 * done, what, left)
          : fmt::format("{}: {:.0f} %, {}, {}", command_, 100 * done, what, left);
  if (terminal_ && !last) {
    on_screen_ = text.size();
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

void ProgressLine::print(const std::string& line) {
  erase();
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace quantrial

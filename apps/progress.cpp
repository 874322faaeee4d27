#include "apps/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/seconds_since.h"

namespace quantrial {
namespace {

std::string bar(double done) {
  constexpr int width = 24;
  const auto full = static_cast<size_t>(done * width);
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

// Columns of the terminal; a line that is longer could not be written over.
size_t terminal_width() {
  winsize size{};
  constexpr size_t usual = 80;
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
  return known ? size.ws_col : usual;
}

std::string time_taken(double seconds) {
  if (seconds < 0.1) return "under 0.1 s";
  return seconds < 10 ? fmt::format("{:.1f} s", seconds) : duration_text(seconds);
}

}  // namespace

std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  if (s < 100) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

bool ProgressLine::is_terminal() { return isatty(STDERR_FILENO) != 0; }

ProgressLine::~ProgressLine() {
  if (on_screen_ > 0) std::fputc('\n', stderr);
}

void ProgressLine::erase() {
  if (on_screen_ == 0) return;
  std::fprintf(stderr, "\r%*s\r", static_cast<int>(on_screen_), "");
  on_screen_ = 0;
}

bool ProgressLine::due(double done) const {
  if (finished_) return false;
  return first_ < 0 || done >= 1 || seconds_since(shown_) >= (terminal_ ? 0.1 : 10.0);
}

// From the last step forward on: between two steps it counts down instead of growing.
std::string ProgressLine::time_left(double done, double elapsed) {
  constexpr double least_seconds = 2, least_gain = 0.005, long_seconds = 60;
  const double gained = done - first_;
  if (done > last_ && gained > 0) {
    end_ = elapsed + elapsed * (1 - done) / gained;
    last_ = done;
  }
  const bool is_known =
      gained > 0 && elapsed >= least_seconds && (gained >= least_gain || elapsed >= long_seconds);
  const double left = end_ - elapsed;
  return is_known && left >= 1 ? ", " + duration_text(left) + " left" : "";
}

void ProgressLine::show(double done, const std::string& what, const std::string& more) {
  done = std::clamp(done, 0.0, 1.0);
  if (!due(done)) return;
  const auto now = Clock::now();
  const bool last = done >= 1;
  shown_ = now;
  finished_ = last;
  if (std::exchange(first_, first_ < 0 ? done : first_) < 0) {
    start_ = now;
    if (!last) return;
  }
  const double elapsed = seconds_since(start_);
  const std::string left = last ? ", " + time_taken(elapsed) : time_left(done, elapsed);
  erase();
  const bool rewritten = terminal_ && !last;
  std::string text = fmt::format("{}: {}{:.0f} %, {}{}{}", command_,
                                 rewritten ? bar(done) + " " : "", 100 * done, what, left, more);
  if (rewritten) {
    text.resize(std::min(text.size(), terminal_width() - 1));
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

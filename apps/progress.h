// One line with a bar, rate and time left on a terminal; a plain line every 10 s elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace quantrial {

// "40 s", "3 min 05 s", "2 h 10 min".
std::string duration_text(double seconds);

class ProgressLine {
 public:
  explicit ProgressLine(std::string command) : command_(std::move(command)) {}
  ~ProgressLine();  // leaves the cursor on a line of its own

  // `done` from 0 to 1; the time left counts from the first call. `what` in a few words; `more`
  // ends the line where a terminal is wide enough.
  void show(double done, const std::string& what, const std::string& more = "");
  // Whether show() would show something now.
  bool due(double done) const;
  // One line is written over and over: a terminal.
  bool is_rewritten() const { return terminal_; }
  // A line of its own above the progress.
  void print(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  void erase();
  // ", 3 min 05 s left"; empty while too little is done to tell.
  std::string time_left(double done, double elapsed);

  std::string command_;
  Clock::time_point start_{}, shown_{};
  double first_ = -1;     // done when it started
  double last_ = -1;      // done when `end_` was estimated
  double end_ = 0;        // seconds from the start
  size_t on_screen_ = 0;  // bytes of the line that stands there
  bool finished_ = false;
  bool terminal_ = is_terminal();
  static bool is_terminal();
};

}  // namespace quantrial

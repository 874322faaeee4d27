// Runs of `quantrial eval` against two scripted servers that are killed at random and started
// again, each time at the other server's port.
#pragma once

#include <chrono>
#include <random>
#include <thread>

#include "base/mapped_file.h"
#include "tests/known_answers.h"
#include "tests/program.h"

namespace quantrial {

class KilledRuns : public Program {
 protected:
  std::vector<std::string> eval(const std::string& url, const std::string& out) const {
    return {"eval",
            url,
            "--benchmark",
            write_numbers(dir_).string(),
            "--samples",
            "2",
            "-o",
            (dir_ / out).string(),
            "--retry-delay",
            "0.01",
            "--idle-timeout",
            "0.3",
            "--concurrency",
            "8"};
  }

  // results.json and the table of a run that nothing interrupts.
  std::pair<std::string, std::string> whole(const std::string& url, const std::string& out) const {
    const Outcome outcome = run(eval(url, out));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return {read_text_file(dir_ / out / "results.json"), outcome.out};
  }

  void expect_same_after(int kills) const {
    ScriptedEndpoint::Options options;
    options.chunk_delay_ms = 2;
    ScriptedEndpoint first(known_reply, options), second(known_reply, options);
    first.start();
    second.start();
    const auto expected = whole(first.url(), "once");
    std::mt19937 random(20);
    int killed = 0;
    for (int i = 0; i < kills; ++i) {
      const pid_t child = start(eval((i % 2 == 0 ? first : second).url(), "often"));
      std::uniform_int_distribution<int> ms(10, 250);
      std::this_thread::sleep_for(std::chrono::milliseconds(ms(random)));
      kill(child, SIGKILL);
      killed += end_of(child).exit_code == -1 ? 1 : 0;  // not when it was done already
    }
    EXPECT_GT(killed, 1);
    EXPECT_EQ(whole(second.url(), "often"), expected);
  }
};

}  // namespace quantrial

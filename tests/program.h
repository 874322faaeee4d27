// The program as a user runs it, for tests: starts the binary itself, without a shell, in a
// temporary folder of its own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/temporary_folder.h"

namespace quantrial {

namespace fs = std::filesystem;

struct Outcome {
  int exit_code = -1;
  std::string out, err;
};

class Program : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_ / name) << text;
    return dir_ / name;
  }

  Outcome run(const std::vector<std::string>& arguments, const std::string& input = "") const {
    return end_of(start(arguments, input));
  }

  pid_t start(std::vector<std::string> arguments, const std::string& input = "") const {
    const fs::path in = write("stdin", input), out = dir_ / "stdout", err = dir_ / "stderr";
    arguments.insert(arguments.begin(), QUANTRIAL_PROGRAM);
    const pid_t child = fork();
    if (child == 0) {
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      dup2(open(in.c_str(), O_RDONLY), STDIN_FILENO);
      dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
      dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      execv(QUANTRIAL_PROGRAM, argv.data());
      _exit(127);
    }
    return child;
  }
  Outcome end_of(pid_t child) const {
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text_file(dir_ / "stdout"),
            read_text_file(dir_ / "stderr")};
  }

  // Starts the program, sends `signal` once `path` exists, and waits for its end; of a program that
  // ended before, what it ended with.
  Outcome interrupted(const std::vector<std::string>& arguments, const fs::path& path,
                      int signal) const {
    const pid_t child = start(arguments);
    while (!fs::exists(path) && !has_ended(child)) usleep(1000);
    kill(child, signal);
    return end_of(child);
  }

  // Leaves the child to be waited for: its exit code is kept, and its id is nobody else's.
  static bool has_ended(pid_t child) {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
  }

  // One line "quantrial: error: ..." that contains `part`, exit code 1.
  void expect_error(const std::vector<std::string>& arguments, const std::string& part) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << part;
    EXPECT_TRUE(outcome.err.starts_with("quantrial: error: ")) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }

  const TemporaryFolder folder_;
  const fs::path dir_ = folder_.path();
};

}  // namespace quantrial

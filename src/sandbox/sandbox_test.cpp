// The sandbox against programs that attack it. Each must fail harmlessly: an ending or an
// exception, no right answer, nothing changed outside.
#include "sandbox/sandbox.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/temporary_folder.h"

namespace quantrial {
namespace {

using Cause = SandboxEnding::Cause;

// A place without user namespaces (CI in a container) skips these tests, and says why.
class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!search_.sandbox) GTEST_SKIP() << search_.obstacle;
  }

  struct Run {
    std::string results;  // of f: what it returned, as Python prints it
    std::string failure;  // of an exception: kind and text
    SandboxEnding ending;
  };

  // Runs `program`, in which f() is called.
  Run calls(const std::string& program, SandboxLimits limits = {}) const {
    const std::string arguments("[\0\0\0\0", 5);
    const auto python =
        search_.sandbox->start({Driver::calls, {program, "f", "2", arguments}, "", limits});
    Run run;
    while (const auto frame = python->next()) {
      if (frame->kind == 'r') run.results += frame->payload;
      if (frame->kind != 'r' && frame->kind != 's') run.failure = frame->kind + frame->payload;
    }
    run.ending = python->wait();
    return run;
  }
  SandboxEnding program(const std::string& text, const std::string& input = "",
                        SandboxLimits limits = {}) const {
    return search_.sandbox->start({Driver::program, {text}, input, limits})->wait();
  }

  const SandboxSearch search_ = find_sandbox();
};

const std::string returned_true = "T";

// f() of these: a system call itself, whatever Python has of it. EPERM is what the filter answers.
const std::string with_syscall =
    "import ctypes, os\n"
    "def syscall(*arguments):\n"
    "  number = ctypes.CDLL(None, use_errno=True).syscall(*map(ctypes.c_long, arguments))\n"
    "  if number < 0: raise OSError(ctypes.get_errno(), 'refused')\n"
    "  return number\n";
std::string calling(long number, const std::string& arguments) {
  return with_syscall + "def f():\n  syscall(" + std::to_string(number) + arguments +
         ")\n  return True";
}

TEST_F(SandboxTest, RunsAFunctionAndAProgram) {
  EXPECT_EQ(calls("def f(): return True").results, returned_true);
  const SandboxEnding ending = program("print(sum(map(int, input().split())))", "1 2 39\n");
  EXPECT_EQ(ending.out, "42\n");
  EXPECT_EQ(ending.cause, Cause::exited);
  EXPECT_EQ(ending.code, 0);
}

TEST_F(SandboxTest, TellsCompileErrorsExceptionsAndExits) {
  EXPECT_EQ(calls("def f(: pass").failure.substr(0, 12), "cSyntaxError");
  EXPECT_EQ(calls("def f(): return 1 // 0").failure.substr(0, 18), "eZeroDivisionError");
  EXPECT_EQ(calls("import os\nos._exit(0)\ndef f(): return True").results, "");
  EXPECT_EQ(program("import sys; sys.exit(3)").code, 3);
}

TEST_F(SandboxTest, LimitsProcessorTime) {
  EXPECT_EQ(calls("def f():\n  while True: pass").ending.cause, Cause::cpu_limit);
  EXPECT_EQ(program("while True: pass", "", {.cpu_seconds = 1}).cause, Cause::cpu_limit);
  const std::string deaf = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n";
  EXPECT_EQ(program(deaf + "while True: pass", "", {.cpu_seconds = 1}).cause, Cause::cpu_limit);
}

TEST_F(SandboxTest, LimitsWallTime) {
  EXPECT_EQ(program("import time; time.sleep(60)", "", {.wall_seconds = 0.5}).cause,
            Cause::wall_limit);
}

TEST_F(SandboxTest, EndlessPrint) {
  const std::string loop = "  while True: print('x' * 1000)";
  EXPECT_EQ(calls("def f():\n" + loop).ending.cause, Cause::output_limit);
  EXPECT_EQ(program("if 1:\n" + loop).cause, Cause::output_limit);
}

TEST_F(SandboxTest, TenGigabytes) {
  EXPECT_EQ(calls("def f(): return len(bytearray(10 << 30))").failure.substr(0, 12),
            "mMemoryError");
  EXPECT_NE(program("x = []\nwhile True: x.append(bytearray(1 << 20))").code, 0);
}

TEST_F(SandboxTest, ForkBomb) {
  const Run run = calls("import os\ndef f():\n  while True: os.fork()");
  EXPECT_EQ(run.failure.substr(0, 16), "ePermissionError");
  EXPECT_EQ(calls("import subprocess\ndef f(): subprocess.run(['/usr/bin/python3'])").results, "");
}

TEST_F(SandboxTest, ThreadBomb) {
  const Run run = calls(
      "import threading, time\ndef f():\n  threading.stack_size(1 << 16)\n"
      "  for i in range(1000): threading.Thread(target=time.sleep, args=(9,)).start()\n"
      "  return True");
  EXPECT_EQ(run.results, "");
  EXPECT_EQ(run.failure.substr(0, 13), "eRuntimeError") << run.failure;
}

TEST_F(SandboxTest, ThreadsThatOutlive) {
  const Run run = calls(
      "import threading, time\ndef f():\n"
      "  threading.Thread(target=time.sleep, args=(60,)).start()\n  return True",
      {.wall_seconds = 20});
  EXPECT_EQ(run.results, returned_true);
  EXPECT_EQ(run.ending.cause, Cause::exited);
}

TEST_F(SandboxTest, Sockets) {
  const Run run = calls("import socket\ndef f(): socket.socket(); return True");
  EXPECT_EQ(run.failure.substr(0, 16), "ePermissionError");
}

TEST_F(SandboxTest, KillsNobodyElse) {
  for (const char* victim : {"1", "os.getppid()", "-1", "0"}) {
    const std::string program =
        "import os\ndef f():\n  os.kill(" + std::string(victim) + ", 9)\n  return True";
    const Run run = calls(program);
    EXPECT_EQ(run.results, "") << victim;
    EXPECT_EQ(run.failure.substr(0, 16), "ePermissionError") << victim << run.failure;
  }
}

TEST_F(SandboxTest, SeesNoFileOfTheMachine) {
  const TemporaryFolder folder;
  std::ofstream(folder / "answers.jsonl") << "{}\n";
  for (const std::string& path : {(folder / "answers.jsonl").string(), std::string("/etc/passwd"),
                                  std::string("/proc/self/environ"), std::string("/proc/1/environ"),
                                  std::string(QUANTRIAL_SOURCE) + "/README.md"}) {
    EXPECT_EQ(calls("def f(): return open('" + path + "').read() != ''").failure.substr(0, 18),
              "eFileNotFoundError")
        << path;
  }
  const Run list = calls(
      "import os\ndef f(): return sorted(os.listdir('/')) == "
      "sorted(set(os.listdir('/')) & "
      "{'dev', 'etc', 'lib', 'lib64', 'tmp', 'usr'})");
  EXPECT_EQ(list.results, returned_true);
  EXPECT_EQ(calls("import os\ndef f(): return set(os.environ) <= "
                  "{'PYTHONHASHSEED', 'LANG', 'OMP_NUM_THREADS', 'PWD', 'LC_CTYPE'}")
                .results,
            returned_true);
}

TEST_F(SandboxTest, LinksLeadNowhere) {
  EXPECT_EQ(calls("import os\ndef f():\n  os.symlink('/etc/passwd', '/tmp/x')\n"
                  "  return open('/tmp/x').read()")
                .failure.substr(0, 18),
            "eFileNotFoundError");
}

TEST_F(SandboxTest, WritesNothingOutside) {
  for (const char* path : {"/x", "/usr/lib/x", "/dev/x", "/etc/x", "/home/x"}) {
    const Run run =
        calls("def f(): open('" + std::string(path) + "', 'w').write('x'); return True");
    EXPECT_EQ(run.results, "") << path;
    const bool refused = run.failure.starts_with("eOSError: [Errno 30]") ||  // read-only
                         run.failure.starts_with("ePermissionError") ||      //
                         run.failure.starts_with("eFileNotFoundError");      // no such folder
    EXPECT_TRUE(refused) << path << ": " << run.failure;
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  const Run scratch = calls("def f(): return open('/tmp/x', 'w').write('x') == 1");
  EXPECT_EQ(scratch.results, returned_true);
  const Run full = calls(
      "def f():\n  for i in range(64): open(f'/tmp/{i}', 'wb').write(bytes(1 << 20))\n"
      "  return True");
  EXPECT_EQ(full.results, "");
  EXPECT_TRUE(full.failure.starts_with("eOSError: [Errno 28]")) << full.failure;  // no space left
}

TEST_F(SandboxTest, GainsNoPrivileges) {
  for (const char* call :
       {"os.setuid(0)", "os.chroot('/tmp')", "os.mknod('/tmp/x', 0o20666, os.makedev(1, 1))"}) {
    const Run run = calls("import os\ndef f():\n  " + std::string(call) + "\n  return True");
    EXPECT_EQ(run.results, "") << call;
    EXPECT_EQ(run.failure.substr(0, 16), "ePermissionError") << call << run.failure;
  }
  const std::pair<long, const char*> raw[] = {
      {SYS_unshare, ", 0x10000000"},  {SYS_setns, ", 3, 0"}, {SYS_ptrace, ", 0, 0, 0, 0"},
      {SYS_mount, ", 0, 0, 0, 0, 0"}, {SYS_fork, ""},        {SYS_bpf, ", 0, 0, 0"},
      {SYS_clone3, ", 0, 0"}};
  EXPECT_EQ(calls(calling(SYS_getpid, "")).results, returned_true);  // it does call
  for (const auto& [number, arguments] : raw) {
    const Run run = calls(calling(number, arguments));
    EXPECT_EQ(run.results, "") << number;
    EXPECT_NE(run.failure.find("refused"), std::string::npos) << number << run.failure;
  }
}

TEST_F(SandboxTest, IsStoppedAtAnyTime) {
  const auto python = search_.sandbox->start(
      {Driver::program, {"import time\nprint('on', flush=True)\ntime.sleep(60)"}, "", {}});
  const auto frame = python->next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->kind, 's');
  EXPECT_EQ(python->stop().cause, Cause::stopped);
  EXPECT_FALSE(python->next());
}

// At once, thus while it is set up, or a little later. What is left behind becomes our child here;
// were there any, the wait would not end.
TEST_F(SandboxTest, LeavesNoProcessBehind) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  for (int i = 0; i < 40; ++i) {
    const auto python =
        search_.sandbox->start({Driver::program, {"import time\ntime.sleep(60)"}, "", {}});
    usleep(static_cast<useconds_t>(100 * i));
    python->stop();
  }
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(SandboxTest, ClosingEndsWhatRunsAndStartsNothingMore) {
  const auto python =
      search_.sandbox->start({Driver::program, {"import time\ntime.sleep(60)"}, "", {}});
  std::thread closing([&] { search_.sandbox->close(); });
  EXPECT_THROW(python->wait(), SandboxShortage);
  closing.join();
  EXPECT_THROW(program("1"), SandboxShortage);
}

}  // namespace
}  // namespace quantrial

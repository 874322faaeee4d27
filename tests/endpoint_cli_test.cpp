// `quantrial eval URL` as a user runs it.

#include "tests/killed_runs.h"

namespace quantrial {
namespace {

class EvalOfServers : public KilledRuns {};

TEST_F(EvalOfServers, KilledAndStartedAgainGivesTheSameTable) { expect_same_after(3); }

TEST_F(EvalOfServers, ShowsProgressAndOneTable) {
  ScriptedEndpoint server(known_reply, {});
  server.start();
  const Outcome outcome = run(eval(server.url(), "out"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("accuracy, % [95 %]"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("numbers"), std::string::npos);
  EXPECT_NE(outcome.err.find("eval: 100 %, 96/96 samples, "), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos) << "a file gets lines";
  const auto results = nlohmann::ordered_json::parse(read_text_file(dir_ / "out" / "results.json"));
  EXPECT_TRUE(results["variants"].contains("scripted")) << "named after the model";
}

TEST_F(EvalOfServers, StartedAgainAsksForNothing) {
  ScriptedEndpoint server(known_reply, {});
  server.start();
  whole(server.url(), "out");
  const int64_t replies = server.replies();
  whole(server.url(), "out");
  EXPECT_EQ(server.replies(), replies);
}

TEST_F(EvalOfServers, CanBeGradedAgain) {
  ScriptedEndpoint server(known_reply, {});
  server.start();
  const auto before = whole(server.url(), "out");
  const int64_t replies = server.replies();
  const std::string dir = (dir_ / "out").string(), yaml = write_numbers(dir_).string();
  expect_error({"regrade", dir}, "give --benchmark numbers.yaml");
  const Outcome outcome = run({"regrade", dir, "--benchmark", yaml});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "scripted, numbers: 60 answers graded (exact 1), 0 verdicts changed\n");
  EXPECT_EQ(outcome.out, "scripted\n" + before.second);
  EXPECT_EQ(read_text_file(dir_ / "out" / "results.json"), before.first);
  EXPECT_EQ(server.replies(), replies);
  expect_error({"regrade", dir_.string()}, "no samples.sqlite");
}

TEST_F(EvalOfServers, CtrlCKeepsWhatIsFinished) {
  ScriptedEndpoint::Options options;
  options.chunk_delay_ms = 20;
  ScriptedEndpoint server(known_reply, options);
  server.start();
  const Outcome outcome =
      interrupted(eval(server.url(), "out"), dir_ / "out" / "samples.sqlite", SIGINT);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
}

// Neither asked for its models nor for a sample does it say a word; the times to wait are hours.
TEST_F(EvalOfServers, CtrlCEndsARunAgainstASilentServer) {
  for (const bool lists_models : {false, true}) {
    LocalServer server;
    std::atomic<bool> asked = false;
    const auto say_nothing = [&](const httplib::Request&, httplib::Response&) {
      asked = true;
      while (!server.stopping()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    };
    server.server.Get("/v1/models", [&](const httplib::Request& q, httplib::Response& r) {
      if (!lists_models) return say_nothing(q, r);
      r.set_content(R"({"data": [{"id": "a"}]})", "application/json");
    });
    server.server.Post(".*", say_nothing);
    server.start();
    std::vector<std::string> arguments = eval(server.url(), "out");
    *std::next(std::find(arguments.begin(), arguments.end(), "--idle-timeout")) = "9000";
    const pid_t child = start(arguments);
    while (!asked) std::this_thread::yield();
    kill(child, SIGINT);
    const Outcome outcome = end_of(child);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
    server.stop();
  }
}

// A benchmark whose own solution is graded wrong, or no sandbox: not run either way.
TEST_F(EvalOfServers, SaysWhyBenchmarksAreNotRun) {
  write("broken.jsonl",
        "{\"task_id\": \"0\", \"prompt\": \"def f():\\n\", \"canonical_solution\": \"    return "
        "1\\n\", "
        "\"entry_point\": \"f\", \"test\": \"def check(f):\\n    assert f() == 2\\n\"}\n");
  const std::string broken = write("broken.yaml",
                                   "data: {file: broken.jsonl}\nquestion: {id: task_id}\n"
                                   "prompt: \"{{prompt}}\"\ngrading: {grader: python-check}\n")
                                 .string();
  ScriptedEndpoint server(known_reply, {});
  server.start();
  std::vector<std::string> alone = eval(server.url(), "out"), both = alone;
  alone[3] = broken;
  both[3] += "," + broken;
  expect_error(alone, "no benchmark can be run here; " + broken + ": not run: ");
  both.push_back("--quiet");
  const Outcome outcome = run(both);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with(broken + ": not run: ")) << outcome.err;
}

TEST_F(EvalOfServers, FailsWithOneClearLine) {
  const auto expect = [&](const std::string& url, const std::string& part,
                          std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = eval(url, "out");
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_error(arguments, part);
  };
  LocalServer gone;
  gone.start();
  gone.stop();
  expect(gone.url(), "cannot connect");
  expect("http://127.0.0.1:70000", "no port");
  expect("http://", "no host");
  expect("ftp://host", "no address of a server");
  expect("http://me:password@host", "--api-key-env");
  expect("http://no-such-host.invalid/v1", "cannot connect");
  LocalServer pages;
  pages.server.Get(".*", [](const httplib::Request&, httplib::Response& r) {
    r.set_content("<html><body>hello", "text/html");
  });
  pages.start();
  expect(pages.url(), "OpenAI-compatible");
  ScriptedEndpoint server(known_reply, {});
  server.start();
  expect(server.url(), "it serves scripted", {"--model", "other"});
  expect(server.url(), "--context", {"--context", "100"});
  expect(server.url(), "--head-bits", {"--head-bits", "8"});
  expect(server.url(), "NO_SUCH_KEY", {"--api-key-env", "NO_SUCH_KEY"});
  expect(server.url() + "," + server.url(), "twice");
  expect(server.url() + "/v2", "HTTP 404");
}

TEST_F(EvalOfServers, ThatServeSeveralModelsAreAskedForWhich) {
  LocalServer server;
  server.server.Get("/v1/models", [](const httplib::Request&, httplib::Response& r) {
    r.set_content(R"({"data": [{"id": "a"}, {"id": "b"}]})", "application/json");
  });
  server.start();
  expect_error(eval(server.url(), "out"), "choose with --model: a, b");
}

TEST_F(EvalOfServers, AnswersBehindAKeyThatIsNeverWritten) {
  ScriptedEndpoint server(known_reply, {});
  server.start();
  setenv("SOME_KEY", "sk-very-secret", 1);
  std::vector<std::string> arguments = eval(server.url(), "out");
  arguments.insert(arguments.end(), {"--api-key-env", "SOME_KEY"});
  const Outcome outcome = run(arguments);
  unsetenv("SOME_KEY");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(server.last_authorization(), "Bearer sk-very-secret");
  for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_text_file(entry.path()).find("very-secret"), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace quantrial

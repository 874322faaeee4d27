// EndpointAnswerer against a scripted server: every figure is recovered, whatever goes wrong.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "evals/benchmark_runs.h"
#include "evals/endpoint_answerer.h"
#include "evals/evaluation.h"
#include "evals/outcome.h"
#include "evals/results.h"
#include "evals/sample_text.h"
#include "tests/known_answers.h"

namespace quantrial {
namespace {

constexpr int64_t K = 4;

enum class Counts { usage, tokenize };

// Where the thinking of question `q` stands in the replies.
std::string thinking_seen(int64_t q) {
  if (q % 3 == 0) return "reasoning";
  if (q % 3 == 1) return "reasoning_content";
  return q % 8 == 5 || q % 8 == 7 ? "none" : "inline";  // none: cut before </think> shows it
}

// What a perfect client makes of known_reply().
Reply expected_reply(int64_t q, uint64_t seed, Counts counts) {
  const ScriptedReply r = known_reply(std::to_string(q), seed);
  Reply reply;
  for (const std::string& token : r.thinking) reply.text += token;
  reply.in_thinking = r.answer.empty();
  if (!r.answer.empty()) reply.text += "\n</think>\n\n";
  for (const std::string& token : r.answer) reply.answer += token;
  reply.text += reply.answer;
  reply.finish_reason = q % 8 == 6 ? "length" : r.finish_reason;
  reply.prompt_tokens = 7;
  reply.server = {{"thinking", thinking_seen(q)}};
  if (counts == Counts::usage) {
    reply.generated_tokens = r.thinking_tokens() + r.answer_tokens() + r.wrong_usage;
    if (r.wrong_usage != 0) return reply;  // it cannot be, so its split is not believed
    reply.thinking_tokens = r.thinking_tokens();
    reply.answer_tokens = r.answer_tokens();
  } else {
    // /tokenize takes a word for a token.
    const int64_t blank = reply.answer == " " ? 1 : reply.answer == "wrong too" ? -1 : 0;
    reply.thinking_tokens = r.thinking_tokens();
    reply.answer_tokens = r.answer_tokens() - blank;
    reply.generated_tokens = *reply.thinking_tokens + *reply.answer_tokens;
  }
  return reply;
}

std::vector<BenchmarkRun> runs(const std::filesystem::path& folder) {
  RunWish wish;
  wish.benchmarks = {write_numbers(folder).string()};
  wish.samples = K;
  return benchmark_runs(wish, recommended_sampling()).runs;
}

nlohmann::ordered_json expected_results(Counts counts) {
  const TemporaryFolder folder;
  SampleStore store(folder.path(), Database::Access::read_write);
  Evaluation evaluation(runs(folder.path()), {.variant = "v", .fingerprint = "f"}, store);
  while (const auto ask = evaluation.next()) {
    const std::string prompt = ask->messages.back().at("content").get<std::string>();
    Reply reply = expected_reply(std::stoll(prompt), ask->sampling.seed, counts);
    if (std::stoll(prompt) % 12 == 2) reply.warning = "usage";
    evaluation.done(ask->ticket, std::move(reply));
  }
  evaluation.finish();
  return evaluation_results(store, {});
}

EndpointOptions options_of(const std::vector<const LocalServer*>& servers) {
  EndpointOptions options;
  for (const LocalServer* server : servers) {
    options.addresses.push_back(parse_address(server->url()));
  }
  options.model = {"scripted", "", "tests"};
  options.http = {.connect_s = 2, .first_byte_s = 5, .idle_s = 0.3, .total_s = 20};
  options.retry = {.attempts = 5, .first_s = 0.01, .most_s = 0.1, .patience_s = 1};
  options.concurrency = 16;
  options.note = [](const std::string&) {};
  return options;
}

// Runs all of it into `folder` and gives the results.
nlohmann::ordered_json results_of(const EndpointOptions& options,
                                  const std::filesystem::path& folder) {
  SampleStore store(folder, Database::Access::read_write);
  EndpointAnswerer answerer(options);
  Evaluation evaluation(runs(folder), {.variant = "v", .fingerprint = "f"}, store);
  answerer.work(evaluation);
  evaluation.finish();
  return evaluation_results(store, {});
}

class EveryFigure : public testing::TestWithParam<Counts> {};

TEST_P(EveryFigure, IsRecoveredThroughErrorsStallsAndCuts) {
  ScriptedEndpoint::Options script;
  script.has_tokenize = GetParam() == Counts::tokenize;
  ScriptedEndpoint server(known_reply, script);
  server.start();
  const TemporaryFolder folder;
  const auto results = results_of(options_of({&server}), folder.path());
  EXPECT_EQ(results.dump(1), expected_results(GetParam()).dump(1));
  EXPECT_EQ(server.replies(), known_questions * K) << "one whole reply a sample";
  EXPECT_GT(server.most_at_once(), 4);

  const auto& b = results["variants"]["v"]["benchmarks"]["numbers"];
  const int64_t eighth = known_questions / 8 * K;
  EXPECT_EQ(b["outcomes"]["truncated_thinking"], eighth);
  EXPECT_EQ(b["outcomes"]["truncated_answer"], eighth);
  EXPECT_EQ(b["outcomes"]["loop"], eighth);
  EXPECT_EQ(b["outcomes"]["no_answer"], eighth / 2);
  EXPECT_EQ(b["outcomes"]["transport_error"], 0);
  EXPECT_EQ(b["warnings"], known_questions / 12 * K);
  SampleStore store(folder.path(), Database::Access::read_only);
  int64_t right = 0;
  store.for_each(store.runs().at(0), [&](const Sample& s) {
    const int64_t q = std::stoll(s.question.substr(1));
    const Reply expected = expected_reply(q, s.seed, GetParam());
    EXPECT_EQ(s.text, expected.text) << s.question;
    EXPECT_EQ(s.server["thinking"], thinking_seen(q));
    right += s.correct.value_or(false) ? 1 : 0;
    EXPECT_TRUE(s.ttft_ms && s.e2e_ms && *s.ttft_ms <= *s.e2e_ms);
    EXPECT_EQ(s.ttfa_ms.has_value(), !expected.in_thinking);
  });
  EXPECT_EQ(b["accuracy"]["value"], static_cast<double>(right) / (known_questions * K));
}

INSTANTIATE_TEST_SUITE_P(Counts, EveryFigure, testing::Values(Counts::usage, Counts::tokenize));

TEST(Endpoints, ShareTheWorkAndADeadOnesGoesToTheOthers) {
  ScriptedEndpoint a(known_reply, {}), b(known_reply, {}), dead(known_reply, {});
  for (ScriptedEndpoint* server : {&a, &b, &dead}) server->start();
  const EndpointOptions options = options_of({&a, &dead, &b});
  dead.stop();
  const TemporaryFolder folder;
  EXPECT_EQ(results_of(options, folder.path()).dump(), expected_results(Counts::usage).dump());
  EXPECT_EQ(a.replies() + b.replies(), known_questions * K);
  EXPECT_GT(a.replies(), known_questions * K / 4);
  EXPECT_GT(b.replies(), known_questions * K / 4);
}

TEST(Endpoints, SendWhatTheRunAsksFor) {
  ScriptedEndpoint server(known_reply, {});
  server.start();
  EndpointOptions options = options_of({&server});
  options.http.key = "sk-secret";
  options.omitted = {"min_p"};
  const TemporaryFolder folder;
  results_of(options, folder.path());
  const auto sent = server.last_request();
  EXPECT_EQ(sent["model"], "scripted");
  EXPECT_EQ(sent["stream"], true);
  EXPECT_EQ(sent["stream_options"]["include_usage"], true);
  EXPECT_EQ(sent["chat_template_kwargs"]["enable_thinking"], true);
  EXPECT_EQ(sent["max_tokens"], known_max_tokens);
  EXPECT_EQ(sent["temperature"], 1.0);  // Qwen's card, evaluation.md 3.2
  EXPECT_EQ(sent["top_p"], 0.95);
  EXPECT_EQ(sent["top_k"], 20);
  EXPECT_FALSE(sent.contains("min_p"));
  EXPECT_EQ(server.last_authorization(), "Bearer sk-secret");
}

// A queue of one sample that is asked for once.
class OneAsk : public WorkQueue {
 public:
  std::optional<Ask> next() override {
    if (asked_.exchange(true)) return std::nullopt;
    Ask ask;
    ask.name = "numbers, question 'n1'";
    ask.messages = {{{"role", "user"}, {"content", "1"}}};
    ask.max_tokens = 100;
    ask.thinking = thinking;
    return ask;
  }
  void done(uint64_t, Reply r) override { reply = std::move(r); }
  bool stopped() override { return stop; }

  std::atomic<bool> stop = false;
  bool thinking = true;
  Reply reply;

 private:
  std::atomic<bool> asked_ = false;
};

Reply answer_of(const std::string& events, bool thinking = true,
                const ModelText* model_text = nullptr, std::string* notes = nullptr) {
  LocalServer server;
  server.server.Post("/v1/chat/completions", [&](const httplib::Request&, httplib::Response& r) {
    r.set_content(events, "text/event-stream");
  });
  server.start();
  OneAsk queue;
  queue.thinking = thinking;
  EndpointOptions options = options_of({&server});
  options.model_text = model_text;
  options.note = [&](const std::string& line) {
    if (notes != nullptr) *notes += line + '\n';
  };
  EndpointAnswerer(options).work(queue);
  return queue.reply;
}

std::string choice(const std::string& delta, const std::string& finish_reason = "") {
  const std::string end = finish_reason.empty() ? "null" : '"' + finish_reason + '"';
  return "data: {\"choices\": [{\"index\": 0, \"delta\": {" + delta +
         "}, \"finish_reason\": " + end + "}]}\n\n";
}

TEST(Replies, WithoutThinkingAreAnswersByteForByte) {
  const std::string events =
      "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"\\n 42 \"}}]}\r\n\r\n"
      "data: {\"choices\": [{\"index\": 0, \"delta\": {}, \"finish_reason\": \"stop\"}]}\r\n\r\n";
  const Reply reply = answer_of(events, false);
  EXPECT_EQ(reply.text, "\n 42 ");
  EXPECT_EQ(reply.answer, "\n 42 ");
  EXPECT_FALSE(reply.in_thinking);
  EXPECT_EQ(reply.warning, "usage: the server gives none");
  EXPECT_FALSE(reply.generated_tokens);
  const Reply unfinished = answer_of(events, true);
  EXPECT_TRUE(unfinished.in_thinking) << "no </think> though thinking was on";
  EXPECT_EQ(unfinished.answer, "");
}

TEST(Replies, ThinkingThatWasNotAskedForIsNoAnswer) {
  const Reply reply = answer_of(
      "data: {\"choices\": [{\"delta\": {\"reasoning\": \"hm\", \"reasoning_content\": "
      "\"hm\"}}]}\n\n"
      "data: {\"choices\": [{\"delta\": {\"content\": \"42\"}, \"finish_reason\": \"stop\"}]}\n\n",
      false);
  EXPECT_EQ(reply.answer, "42");
  EXPECT_EQ(reply.text, "<think>\nhm\n</think>\n\n42");
  EXPECT_EQ(reply.server["thinking"], "reasoning+reasoning_content");
}

TEST(Replies, OfThinkingThatIsOpenedAgainAreWhatFollowsItsLastEnd) {
  const Reply reply = answer_of(
      "data: {\"choices\": [{\"delta\": {\"content\": "
      "\"a</think>\\n\\n41<think>no</think>\\n42\"}, "
      "\"finish_reason\": \"stop\"}]}\n\n");
  EXPECT_EQ(reply.answer, "42");
  EXPECT_FALSE(reply.in_thinking);
}

TEST(Replies, ThatAServerSplitKeepItsSplit) {
  const std::string thinking = choice(R"("reasoning": "I say </think> here \\boxed{5}")");
  EXPECT_EQ(answer_of(thinking + choice(R"("content": "no box")", "stop")).answer, "no box");
  for (const bool asked : {true, false}) {
    const Reply reply = answer_of(thinking + choice(R"("content": "")", "length"), asked);
    EXPECT_EQ(reply.answer, "");
    EXPECT_EQ(outcome_before_grading(reply), Outcome::truncated_thinking);
    Sample stored;
    stored.text = reply.text;
    stored.server = reply.server;
    EXPECT_TRUE(split_sample(stored, PromptEnd::inside_reasoning).in_thinking);
    stored.server = answer_of(choice(R"("content": "a</think>5")", "stop")).server;
    EXPECT_FALSE(split_sample(stored, PromptEnd::inside_reasoning).in_thinking);
  }
}

constexpr const char* done = "data: [DONE]\n\n";

TEST(Replies, MayEndWithAChunkOfNulls) {
  const Reply reply = answer_of(choice(R"("content": "h</think>42")", "stop") +
                                "data: {\"choices\": null, \"usage\": null}\n\n" + done);
  EXPECT_EQ(reply.answer, "42");
  EXPECT_FALSE(reply.error);
}

TEST(Replies, WithoutFinishReasonHaveStopped) {
  const std::string thinking = choice(R"("reasoning": "h")");
  const Reply reply = answer_of(thinking + choice(R"("content": "42")") + done);
  EXPECT_EQ(reply.answer, "42");
  EXPECT_EQ(reply.finish_reason, "stop");
  EXPECT_NE(reply.warning.find("no finish_reason"), std::string::npos) << reply.warning;
  EXPECT_TRUE(answer_of(thinking + done).error) << "no answer came";
  EXPECT_TRUE(answer_of(thinking + choice(R"("content": "42")")).error) << "it was cut";
}

TEST(Replies, WithoutAnEndOfThinkingAreExplainedAtTheEnd) {
  const auto notes_of = [](const std::string& events, bool thinking) {
    std::string notes;
    answer_of(events, thinking, nullptr, &notes);
    return notes;
  };
  const std::string plain = choice(R"("content": "42")", "stop");
  EXPECT_NE(notes_of(plain, true).find("1 of 1 replies ended without </think>"), std::string::npos);
  EXPECT_EQ(notes_of(plain, false), "");
  EXPECT_EQ(notes_of(choice(R"("content": "h</think>42")", "stop"), true), "");
  EXPECT_EQ(notes_of(choice(R"("content": "42")", "length"), true), "") << "it was cut";
}

TEST(Replies, JoinCharactersThatAreSplitOverChunks) {
  const auto content = [](const std::string& first, const std::string& second) {
    return answer_of(choice("\"reasoning\": \"h\"") + choice("\"content\": \"" + first + "\"") +
                     choice("\"content\": \"" + second + "\"", "stop"))
        .answer;
  };
  EXPECT_EQ(content("x\xE2\x88", "\x91y"), "x∑y");
  EXPECT_EQ(content("x\xE2\x88", "y"), "x\uFFFDy");
  EXPECT_EQ(content("x\\ud83d", "\\ude00y"), "x😀y");
  EXPECT_EQ(content("x\\ud83d", "y\\ude00"), "x\uFFFDy\uFFFD");
  EXPECT_EQ(content("\\ud83d\\ude00\\\\ud83d\\u2211\\ud83d", "\\ude00"), "😀\\ud83d∑😀");
}

TEST(Replies, ThatLoopAreFoundThoughTheirLastTokensAreCut) {
  const ModelText model_text = ModelText::load(QUANTRIAL_SOURCE "/models/reference");
  std::string loop;
  for (int i = 0; i < 600; ++i) loop += "abc, ";
  for (const char* end : {"", "a", "ab", "abc, a"}) {
    const Reply reply =
        answer_of(choice("\"reasoning\": \"" + loop + end + "\"", "length"), true, &model_text);
    EXPECT_TRUE(reply.tokenized_again);
    EXPECT_EQ(outcome_before_grading(reply), Outcome::loop) << "'" << end << "'";
  }
  const Reply other =
      answer_of(choice("\"reasoning\": \"" + loop + "a, b, c\"", "length"), true, &model_text);
  EXPECT_EQ(outcome_before_grading(other), Outcome::truncated_thinking);
}

// The shapes are those of vLLM 0.27's --per-request-spec-decode-metrics and of SGLang's meta_info.
TEST(Replies, CarryTheCountersOfTheMtpHead) {
  const std::string text =
      "data: {\"choices\": [{\"delta\": {\"content\": \"x\"}, \"finish_reason\": \"stop\"}]}\n\n";
  const Reply vllm = answer_of(
      text +
      "data: {\"choices\": [], \"metrics\": {\"speculative_decoding\": {\"acceptance_histogram\": "
      "[39, 1, 0, 3], \"num_spec_steps\": 43, \"num_accepted_draft_tokens\": 10, "
      "\"num_draft_tokens\": 129}}}\n\n");
  EXPECT_EQ(vllm.drafts, 43);
  EXPECT_EQ(vllm.drafted_tokens, 129);
  EXPECT_EQ(vllm.accepted_tokens, 10);
  EXPECT_EQ(vllm.accepted_by_position, (std::vector<int64_t>{4, 3, 3}));
  const Reply sglang = answer_of(
      text +
      "data: {\"choices\": [], \"usage\": {\"completion_tokens\": 2, \"spec_verify_ct\": 5}}\n\n");
  EXPECT_EQ(sglang.drafts, 5);
  EXPECT_FALSE(sglang.accepted_tokens);
  EXPECT_FALSE(answer_of(text).drafts);
}

// A server that takes connections and requests and never says a word.
class SilentServer : public LocalServer {
 public:
  explicit SilentServer(const std::string& path) {
    server.Post(path, [this](const httplib::Request&, httplib::Response&) {
      ++asked;
      while (!stopping()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
    start();
  }
  ~SilentServer() { stop(); }

  std::atomic<int> asked = 0;
};

// Its times are minutes and hours, longer than the tests live.
EndpointOptions patient(const LocalServer& server) {
  EndpointOptions options = options_of({&server});
  options.http = {};
  return options;
}

TEST(Stops, EndWhatASilentServerKeeps) {
  SilentServer server("/v1/chat/completions");
  OneAsk queue;
  std::thread user([&] {
    while (server.asked == 0) std::this_thread::yield();
    queue.stop = true;
  });
  EndpointAnswerer(patient(server)).work(queue);
  user.join();
  EXPECT_EQ(queue.reply.finish_reason, "") << "nothing was handed back";
}

TEST(Stops, ReachRequestsThatBeginLater) {
  SilentServer server("/v1/chat/completions");
  HttpConnection connection(parse_address(server.url()), patient(server).http);
  connection.stop();
  EXPECT_EQ(connection.post("/v1/chat/completions", "{}").end, HttpReply::End::stopped);
  EXPECT_EQ(server.asked, 0);
}

TEST(Stops, AreNeverLostFromBeforeTheSocketIsOpenToTheSentRequest) {
  SilentServer server("/v1/chat/completions");
  for (int us = 0; us < 2000; us += 50) {
    HttpConnection connection(parse_address(server.url()), patient(server).http);
    std::atomic<bool> ended = false;
    std::thread user([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(us));
      connection.stop();
      while (!ended) connection.watch();
    });
    EXPECT_EQ(connection.post("/v1/chat/completions", "{}").end, HttpReply::End::stopped);
    ended = true;
    user.join();
  }
}

// A server that answers everything with one status and body.
std::string failure_of(int status, const std::string& body, const std::string& type) {
  LocalServer server;
  std::atomic<int> asked = 0;
  server.server.Post("/v1/chat/completions", [&](const httplib::Request&, httplib::Response& r) {
    ++asked;
    r.status = status;
    r.set_content(body, type.c_str());
  });
  server.start();
  OneAsk queue;
  EndpointOptions options = options_of({&server});
  options.http.key = "sk-secret";
  try {
    EndpointAnswerer(options).work(queue);
  } catch (const Error& error) {
    EXPECT_EQ(asked, 1) << "what no other try can mend is tried once";
    return error.what();
  }
  EXPECT_EQ(asked, options.retry.attempts);
  return "given up: " + queue.reply.error.value_or("no error");
}

TEST(Refusals, EndTheRunWithOneClearLine) {
  const std::string json = "application/json";
  const auto expect = [](const std::string& line, std::initializer_list<const char*> parts) {
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find("given up"), std::string::npos) << line;
    for (const char* part : parts) EXPECT_NE(line.find(part), std::string::npos) << line;
  };
  expect(failure_of(400, R"({"error": {"message": "top_k is unknown"}})", json),
         {"HTTP 400", "top_k is unknown", "--omit"});
  expect(failure_of(401, R"({"error": {"message": "bad key sk-secret"}})", json),
         {"HTTP 401", "bad key ***", "--api-key-env"});
  expect(failure_of(404, R"({"message": "The model `scripted` does not exist."})", json),
         {"HTTP 404", "does not exist", "'scripted'"});
  expect(failure_of(200, "<html>\nWelcome</html>", "text/html"),
         {"text/html", "not with a completion"});
  expect(failure_of(200, "hello", "text/plain"), {"text/plain", "hello"});
  expect(failure_of(302, "", "text/plain"), {"HTTP 302"});
}

TEST(Refusals, ThatMayPassAreTriedAgainAndGivenUp) {
  EXPECT_NE(failure_of(503, "loading", "text/plain").find("HTTP 503: loading"), std::string::npos);
  EXPECT_NE(
      failure_of(200, "data: {\"cho\n\n", "text/event-stream").find("no JSON object: '{\"cho'"),
      std::string::npos);
  EXPECT_NE(failure_of(200, "data: 1\n\n", "text/event-stream").find("given up"),
            std::string::npos);
  EXPECT_NE(failure_of(200, "", "text/event-stream").find("ended before"), std::string::npos);
}

TEST(Refusals, WhateverIsThrownNamesTheQuestion) {
  class Broken : public OneAsk {
    void done(uint64_t, Reply) override { throw std::out_of_range("no such key"); }
  };
  ScriptedEndpoint server(known_reply, {});
  server.start();
  Broken queue;
  try {
    EndpointAnswerer(options_of({&server})).work(queue);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "numbers, question 'n1': no such key");
  }
}

TEST(Refusals, NobodyThereEndsTheRun) {
  LocalServer server;
  server.start();
  EndpointOptions options = options_of({&server});
  options.retry.patience_s = 0.05;
  server.stop();
  OneAsk queue;
  try {
    EndpointAnswerer(options).work(queue);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("cannot connect"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace quantrial

// A whole evaluation with an answerer that plays known answers: every figure is recovered, whatever
// was interrupted.
#include "evals/evaluation.h"

#include <gtest/gtest.h>

#include <functional>
#include <system_error>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "evals/graders/graders.h"
#include "evals/outcome.h"
#include "evals/results.h"

namespace quantrial {
namespace {

constexpr int64_t questions = 20, K = 4;

// Answers by rule: question q is right in its first q % 5 samples; every 7th question is cut off in
// its thinking, every 9th ends without an answer.
class Player {
 public:
  // Answers at most `most`; then stops the evaluation.
  explicit Player(int64_t most) : left_(most) {}

  void work(Evaluation& evaluation) {
    while (const auto ask = evaluation.next()) {
      if (left_-- == 0) {
        evaluation.stop();
        return;
      }
      const std::string prompt = ask->messages.back().at("content").get<std::string>();
      evaluation.done(ask->ticket, reply(std::stoll(prompt), ask->sampling.seed));
    }
  }

  // Samples of a question arrive in order, but a resumed run starts anywhere: the seed tells which.
  static Reply reply(int64_t q, uint64_t seed) {
    Reply r;
    r.token_ids = {1, 2, 3};
    r.prompt_tokens = 5;
    r.finish_reason = "stop";
    r.thinking_tokens = 10 + q;
    r.answer_tokens = 2;
    r.generated_tokens = 12 + q;
    if (q % 7 == 6) {
      r.text = "never done";
      r.in_thinking = true;
      r.finish_reason = "length";
    } else {
      r.answer = q % 9 == 8 ? " " : seed % 3 == 0 ? std::to_string(q) : "wrong";
      r.text = "hm</think>" + r.answer;
    }
    return r;
  }

 private:
  int64_t left_;
};

std::vector<BenchmarkRun> runs(int64_t samples = K) {
  BenchmarkRun run;
  run.benchmark.name = "numbers";
  run.benchmark.prompt = "{{n}}";
  run.benchmark.data_sha256 = "d";
  run.grader = make_grader({"exact", {{"field", "n"}}}, "numbers");
  run.samples = samples;
  run.max_tokens = 100;
  for (int64_t q = 0; q < questions; ++q) {
    run.benchmark.questions.push_back({std::to_string(q), q % 2 ? "odd" : "even", {{"n", q}}});
  }
  return {run};
}

nlohmann::ordered_json whole_run(const std::filesystem::path& folder) {
  SampleStore store(folder, Database::Access::read_write);
  Evaluation evaluation(runs(), {.variant = "v", .fingerprint = "f"}, store);
  Player(1000).work(evaluation);
  evaluation.finish();
  return evaluation_results(store, {});
}

TEST(EvaluationOfKnownAnswers, RecoversEveryCount) {
  const TemporaryFolder folder;
  const auto results = whole_run(folder.path());
  const auto& b = results["variants"]["v"]["benchmarks"]["numbers"];
  EXPECT_EQ(b["n"], questions);
  EXPECT_EQ(b["K"], K);
  EXPECT_EQ(b["outcomes"]["truncated_thinking"], 2 * K);  // questions 6 and 13
  EXPECT_EQ(b["outcomes"]["no_answer"], 2 * K);           // 8 and 17
  EXPECT_EQ(b["outcomes"]["answered"], 16 * K);
  int64_t right = 0;
  SampleStore store(folder.path(), Database::Access::read_only);
  store.for_each(store.runs().at(0), [&](const Sample& s) {
    const int64_t q = std::stoll(s.question);
    const bool answered = q % 7 != 6 && q % 9 != 8;
    EXPECT_EQ(s.correct, answered && s.seed % 3 == 0) << s.question << "/" << s.sample;
    EXPECT_EQ(s.vote.has_value(), answered);
    right += *s.correct ? 1 : 0;
  });
  EXPECT_EQ(b["accuracy"]["value"], static_cast<double>(right) / (questions * K));
  EXPECT_EQ(b["tokens"]["thinking"]["value"], 10 + 9.5);
  EXPECT_EQ(b["pass_at"]["1"]["value"], b["accuracy"]["value"]);
  EXPECT_EQ(b["maj_at"]["1"]["value"], b["accuracy"]["value"]);
}

TEST(EvaluationOfKnownAnswers, IsTheSameWhereverItIsInterrupted) {
  const TemporaryFolder once;
  const auto expected = whole_run(once.path());
  for (const int64_t step : {1, 7, 33}) {
    const TemporaryFolder folder;
    for (int64_t done = 0; done < questions * K; done += step) {
      SampleStore store(folder.path(), Database::Access::read_write);
      Evaluation evaluation(runs(), {.variant = "v", .fingerprint = "f"}, store);
      Player(step).work(evaluation);  // leaves without finish(): some samples are not graded yet
    }
    EXPECT_EQ(whole_run(folder.path()), expected) << step;
  }
}

TEST(EvaluationOfKnownAnswers, GrowsK) {
  const TemporaryFolder folder;
  {
    SampleStore store(folder.path(), Database::Access::read_write);
    Evaluation evaluation(runs(2), {.variant = "v", .fingerprint = "f"}, store);
    Player(1000).work(evaluation);
    evaluation.finish();
  }
  SampleStore store(folder.path(), Database::Access::read_write);
  Evaluation evaluation(runs(), {.variant = "v", .fingerprint = "f"}, store);
  int64_t asked = 0;
  while (evaluation.next()) ++asked;
  EXPECT_EQ(asked, questions * 2);
  Evaluation other(runs(), {.variant = "v", .fingerprint = "another model"}, store);
  asked = 0;
  while (other.next()) ++asked;
  EXPECT_EQ(asked, questions * K) << "samples of other weights are no samples of these";
}

// Variants with questions of the same ids but with other prompts or of another file.
TEST(EvaluationOfKnownAnswers, PairsOnlyWhatWasAskedAlike) {
  const TemporaryFolder folder;
  SampleStore store(folder.path(), Database::Access::read_write);
  const auto add = [&](const std::string& variant, const std::vector<BenchmarkRun>& of) {
    Evaluation evaluation(of, {.variant = variant, .fingerprint = variant}, store);
    Player(1000).work(evaluation);
    evaluation.finish();
  };
  auto other_prompts = runs(), other_file = runs();
  other_prompts[0].messages_sha256 = "other";
  other_file[0].benchmark.data_sha256 = "other";
  add("bf16", runs());
  add("alike", runs());
  add("other prompts", other_prompts);
  add("other file", other_file);
  const auto results = evaluation_results(store, {})["variants"];
  const auto of = [&](const char* variant) { return results[variant]["benchmarks"]["numbers"]; };
  EXPECT_EQ(of("alike")["delta"]["questions"], questions);
  EXPECT_FALSE(of("alike").contains("not_compared"));
  EXPECT_FALSE(of("other prompts").contains("delta"));
  EXPECT_EQ(of("other prompts")["not_compared"], "the base was asked with other prompts");
  EXPECT_FALSE(of("other file").contains("delta"));
  EXPECT_EQ(of("other file")["not_compared"], "the base was asked another file of questions");
  EXPECT_FALSE(results["other file"]["macro"].contains("delta"));
}

TEST(EvaluationOfKnownAnswers, TransportErrorsAreAskedAgain) {
  const TemporaryFolder folder;
  {
    SampleStore store(folder.path(), Database::Access::read_write);
    Evaluation evaluation(runs(1), {.variant = "v", .fingerprint = "f"}, store);
    while (const auto ask = evaluation.next()) {
      Reply lost;
      lost.error = "HTTP 500";
      evaluation.done(ask->ticket, lost);
    }
    evaluation.finish();
    EXPECT_EQ(evaluation.progress()[0].transport_errors, questions);
    const auto b = evaluation_results(store, {})["variants"]["v"]["benchmarks"]["numbers"];
    EXPECT_EQ(b["n"], 0) << "an error is no wrong answer";
  }
  SampleStore store(folder.path(), Database::Access::read_write);
  Evaluation again(runs(1), {.variant = "v", .fingerprint = "f"}, store);
  Player(1000).work(again);
  again.finish();
  EXPECT_EQ(again.progress()[0].scored, questions);
}

// Fails as data that no grader expects makes it fail, or as a system without resources does.
class FailingGrader : public Grader {
 public:
  explicit FailingGrader(std::function<void()> fail) : fail_(std::move(fail)) {}
  Grade grade(const Question&, std::string_view) const override {
    fail_();
    return {.verdict = Verdict::right};
  }
  std::string version() const override { return "failing 1"; }

 private:
  std::function<void()> fail_;
};

// What finish() throws, or the last error of the progress.
std::string trouble_of(const std::function<void()>& fail) {
  const TemporaryFolder folder;
  SampleStore store(folder.path(), Database::Access::read_write);
  auto failing = runs(1);
  failing[0].grader = std::make_shared<FailingGrader>(fail);
  Evaluation evaluation(failing, {.variant = "v", .fingerprint = "f"}, store);
  const auto ask = evaluation.next();
  evaluation.done(ask->ticket, Player::reply(3, 3));
  try {
    evaluation.finish();
  } catch (const Error& error) {
    return error.what();
  }
  EXPECT_EQ(evaluation.progress()[0].sandbox_errors, 1);
  return "sandbox_error: " + evaluation.progress()[0].last_error;
}

TEST(GradersThatThrow, EndTheRunWithTheQuestionOrLeaveTheSampleUngraded) {
  const std::string data = trouble_of([] { nlohmann::ordered_json(1).get<std::string>(); });
  EXPECT_NE(data.find("numbers, question '0': cannot be graded: [json"), std::string::npos) << data;
  EXPECT_EQ(trouble_of([] { throw std::bad_alloc(); }),
            "sandbox_error: no memory left to grade it");
  const std::string threads = trouble_of([] {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  });
  EXPECT_EQ(threads, "sandbox_error: Resource temporarily unavailable");
}

TEST(SampleStore, KeepsDetailsThatAreNoUtf8) {
  const TemporaryFolder folder;
  SampleStore store(folder.path(), Database::Access::read_write);
  Sample sample;
  sample.scores["detail"] = "WA: \xff";
  store.put(sample);
}

// product.md 4: the last 256 or more tokens periodic, period at most 128.
TEST(Loops, ArePeriodicTailsOfSamplesThatHitTheirLimit) {
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 1000; ++i) tokens.push_back(i);
  EXPECT_FALSE(ends_in_loop(tokens));
  for (int32_t i = 0; i < 255; ++i) tokens.push_back(i % 128 + 5000);
  EXPECT_FALSE(ends_in_loop(tokens)) << "255 periodic tokens are too few";
  tokens.push_back(255 % 128 + 5000);
  EXPECT_TRUE(ends_in_loop(tokens));
  Reply reply;
  reply.token_ids = tokens;
  reply.in_thinking = true;
  reply.finish_reason = "length";
  EXPECT_EQ(outcome_before_grading(reply), Outcome::loop);
  for (const int32_t ragged : {1, 2}) reply.token_ids.push_back(ragged);
  EXPECT_EQ(outcome_before_grading(reply), Outcome::truncated_thinking);
  reply.tokenized_again = true;
  EXPECT_EQ(outcome_before_grading(reply), Outcome::loop);
  reply.token_ids.push_back(3);
  EXPECT_EQ(outcome_before_grading(reply), Outcome::truncated_thinking) << "three are too many";
  reply.finish_reason = "stop";
  EXPECT_EQ(outcome_before_grading(reply), Outcome::no_answer) << "a finished sample is no loop";
}

TEST(Outcomes, HaveTheNamesOfTheContract) {
  for (const char* word : {"answered", "truncated_thinking", "truncated_answer", "no_answer",
                           "loop", "transport_error", "sandbox_error"}) {
    EXPECT_EQ(name(outcome_of(std::string_view(word))), word);
  }
  EXPECT_THROW(outcome_of(std::string_view("lost")), Error);
}

}  // namespace
}  // namespace quantrial

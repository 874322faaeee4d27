// Grading again: verdicts follow the grader, nothing else changes.
#include "evals/regrade.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "evals/evaluation.h"
#include "evals/graders/graders.h"
#include "evals/messages.h"

namespace quantrial {
namespace {

// Right is what the field is not: every verdict changes.
class Contrary : public Grader {
 public:
  Grade grade(const Question& question, std::string_view answer) const override {
    if (answer == "unsure") return {.verdict = Verdict::not_gradable, .detail = "no sandbox"};
    const bool right = answer != field_text(question.fields["n"]);
    return {.verdict = right ? Verdict::right : Verdict::wrong, .answer = std::string(answer)};
  }
  std::string version() const override { return "contrary 1"; }
};

BenchmarkRun numbers() {
  BenchmarkRun run;
  run.benchmark.name = "numbers";
  run.benchmark.prompt = "{{n}}";
  run.benchmark.data_sha256 = "d";
  run.benchmark.grading = {"exact", {{"field", "n"}}};
  run.grader = make_grader(run.benchmark.grading, "numbers");
  for (int64_t q = 0; q < 6; ++q)
    run.benchmark.questions.push_back({std::to_string(q), "", {{"n", q}}});
  run.messages_sha256 = messages_sha256(run.benchmark);
  return run;
}

Reply reply(const std::string& prompt) {
  Reply r;
  r.finish_reason = "stop";
  r.text = "hm</think>" + prompt;
  if (prompt == "1") r.text = "hm</think>wrong";
  if (prompt == "2") r.text = "hm</think>unsure";
  if (prompt == "3") r.error = "HTTP 500";
  if (prompt == "4") {
    r.finish_reason = "length";
    r.in_thinking = true;
    r.text = "4";
  }
  if (prompt == "5") {  // it stopped within its thinking
    r.in_thinking = true;
    r.text = "5";
  }
  r.answer = r.in_thinking ? "" : r.text.substr(r.text.find('>') + 1);
  return r;
}

struct Verdicts {
  std::string outcomes, rights;
};

Verdicts verdicts(const SampleStore& store) {
  Verdicts v;
  store.for_each(store.runs().at(0), [&](const Sample& s) {
    v.outcomes += std::string(name(s.outcome)) + " ";
    v.rights += s.correct ? (*s.correct ? "1" : "0") : "-";
  });
  return v;
}

TEST(Regrade, ChangesVerdictsAlone) {
  const TemporaryFolder folder;
  SampleStore store(folder.path(), Database::Access::read_write);
  const BenchmarkRun run = numbers();
  Evaluation evaluation({run}, {.variant = "v", .fingerprint = "f"}, store);
  while (const auto ask = evaluation.next()) {
    evaluation.done(ask->ticket, reply(ask->messages.back().at("content").get<std::string>()));
  }
  evaluation.finish();
  const std::string ends = "transport_error truncated_thinking no_answer ";
  EXPECT_EQ(verdicts(store).outcomes, "answered answered answered " + ends);
  EXPECT_EQ(verdicts(store).rights, "100-00");

  ThreadPool pool(2);
  const RegradeCounts counts = regrade(store, store.runs().at(0), run.benchmark, Contrary(), pool);
  EXPECT_EQ(counts.graded, 3);
  EXPECT_EQ(counts.changed, 3);
  EXPECT_EQ(counts.sandbox_errors, 1);
  EXPECT_EQ(counts.last_error, "no sandbox");
  EXPECT_EQ(verdicts(store).outcomes, "answered answered sandbox_error " + ends);
  EXPECT_EQ(verdicts(store).rights, "01--00");
  EXPECT_EQ(store.runs().at(0).settings["grader"], "contrary 1");

  regrade(store, store.runs().at(0), run.benchmark, *run.grader, pool);
  EXPECT_EQ(verdicts(store).outcomes, "answered answered answered " + ends);
  EXPECT_EQ(verdicts(store).rights, "100-00") << "what the sandbox failed is graded again";
}

class OfOtherData : public Contrary {
 public:
  Grade grade(const Question& question, std::string_view) const override {
    return {.detail = question.fields.at("no such field")};
  }
};

TEST(Regrade, NamesTheQuestionThatCannotBeGraded) {
  const TemporaryFolder folder;
  SampleStore store(folder.path(), Database::Access::read_write);
  const BenchmarkRun run = numbers();
  Evaluation evaluation({run}, {.variant = "v", .fingerprint = "f"}, store);
  const auto ask = evaluation.next();
  evaluation.done(ask->ticket, reply("0"));
  evaluation.finish();
  ThreadPool pool(2);
  try {
    regrade(store, store.runs().at(0), run.benchmark, OfOtherData(), pool);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("numbers, question '0'"), std::string::npos)
        << error.what();
  }
}

TEST(Regrade, RefusesOtherQuestions) {
  const TemporaryFolder folder;
  SampleStore store(folder.path(), Database::Access::read_write);
  BenchmarkRun run = numbers();
  const Evaluation evaluation({run}, {.variant = "v", .fingerprint = "f"}, store);
  ThreadPool pool(1);
  run.benchmark.questions.pop_back();
  EXPECT_THROW(regrade(store, store.runs().at(0), run.benchmark, *run.grader, pool), Error);
  run = numbers();
  run.benchmark.prompt = "{{n}}?";
  EXPECT_THROW(regrade(store, store.runs().at(0), run.benchmark, *run.grader, pool), Error);
  run = numbers();
  run.benchmark.data_sha256 = "another file";
  EXPECT_THROW(regrade(store, store.runs().at(0), run.benchmark, *run.grader, pool), Error);
}

}  // namespace
}  // namespace quantrial

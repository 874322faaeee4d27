// results.json against tools/recompute_results.py, which computes it from samples.sqlite without
// any of our code: every number, to the last digit.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "base/rng.h"
#include "base/temporary_folder.h"
#include "evals/results.h"

namespace quantrial {
namespace {

enum class Tokens { known, unknown };

struct MadeRun {
  std::string variant, benchmark;
  int64_t questions, K;
  double ease;    // added to the chance of being right
  uint64_t seed;  // of the samples: variants that share it are coupled
  Tokens tokens = Tokens::known;
  std::string dataset{}, prompts{};
};

class Made {
 public:
  explicit Made(const MadeRun& run) : run_(run) {}

  Sample sample(int64_t q, int64_t k) {
    Sample s;
    s.variant = run_.variant;
    s.benchmark = run_.benchmark;
    s.question = "q" + std::to_string(q);
    s.cluster = "c" + std::to_string(q % 7);
    s.sample = k;
    s.origin.dataset_hash = run_.dataset;
    s.origin.prompt_hash = run_.prompts;
    s.seed = run_.seed * 1000 + static_cast<uint64_t>(q * 100 + k);
    const double u = next();
    s.outcome = u < 0.04   ? Outcome::transport_error
                : u < 0.06 ? Outcome::sandbox_error
                : u < 0.10 ? Outcome::truncated_thinking
                : u < 0.12 ? Outcome::loop
                : u < 0.16 ? Outcome::no_answer
                           : Outcome::answered;
    if (!is_scored(s.outcome)) return s;
    const double chance = 0.3 + 0.6 * uniform(5, static_cast<uint64_t>(q)) + run_.ease;
    s.correct = s.outcome == Outcome::answered && next() < chance;
    if (s.outcome == Outcome::answered) {
      s.vote = *s.correct ? 0 : 1 + static_cast<int64_t>(3 * next());
    }
    const bool reached = next() < 0.7, other = next() < 0.5;
    if (run_.K > 1) s.scores = {{"loose", reached}, {"parts", {reached, other, 0.25}}};
    if (next() < 0.1) s.warning = "usage";
    if (run_.tokens == Tokens::known) {
      s.prompt_tokens = 20 + q;
      s.thinking_tokens = static_cast<int64_t>(100 + 900 * next() * next());
      s.answer_tokens = static_cast<int64_t>(5 + 20 * next());
      s.generated_tokens = *s.thinking_tokens + *s.answer_tokens;
    } else {
      s.server = {{"thinking", q % 2 == 0 ? "reasoning" : "inline"}};
    }
    return s;
  }

 private:
  double next() {
    return uniform(run_.seed + run_.variant.size() * 77 + run_.benchmark.size(), count_++);
  }

  const MadeRun& run_;
  uint64_t count_ = 0;
};

void make(SampleStore& store, const MadeRun& run) {
  RunRecord record;
  record.variant = run.variant;
  record.benchmark = run.benchmark;
  record.samples = run.K;
  record.origin.dataset_hash = run.dataset;
  record.origin.prompt_hash = run.prompts;
  record.settings = {{"title", run.benchmark}, {"majority", run.K > 1}};
  std::vector<Sample> samples;
  Made made(run);
  for (int64_t q = 0; q < run.questions; ++q) {
    record.questions.push_back("q" + std::to_string(q));
    for (int64_t k = 0; k < run.K; ++k) samples.push_back(made.sample(q, k));
  }
  store.put(samples);
  store.put(record);
}

TEST(RecomputedResults, AgreeToTheLastDigit) {
  if (std::system("python3 -c '' 2>/dev/null") != 0) GTEST_SKIP() << "python3 is not here";
  const TemporaryFolder folder;
  {
    SampleStore store(folder.path(), Database::Access::read_write);
    for (const MadeRun& run :
         std::initializer_list<MadeRun>{{"bf16", "many", 40, 5, 0.1, 1},
                                        {"bf16", "single", 30, 1, 0.1, 1},
                                        {"bf16", "untold", 9, 3, 0.1, 1, Tokens::unknown},
                                        {"shared-seeds", "many", 40, 5, 0.05, 1},
                                        {"shared-seeds", "untold", 9, 3, 0.05, 1, Tokens::unknown},
                                        {"other-seeds", "many", 40, 5, -0.2, 2},
                                        {"other-seeds", "single", 30, 1, -0.1, 2},
                                        {.variant = "other-prompts",
                                        .benchmark = "single",
                                        .questions = 30,
                                        .K = 1,
                                        .ease = 0.1,
                                        .seed = 2,
                                        .prompts = "other"},
                                        {.variant = "other-questions",
                                        .benchmark = "single",
                                        .questions = 30,
                                        .K = 1,
                                        .ease = 0.1,
                                        .seed = 2,
                                        .dataset = "other"},
                                        {"perfect", "single", 30, 1, 9, 3},
                                        {"perfect", "more", 2, 1, 9, 3}}) {
      make(store, run);
    }
    std::ofstream(folder.path() / "results.json") << evaluation_results(store, {}).dump(1);
  }
  const std::string command = "python3 -B '" QUANTRIAL_SOURCE "/tools/recompute_results.py' '" +
                              folder.path().string() + "' 2>&1";
  FILE* const python = popen(command.c_str(), "r");
  ASSERT_NE(python, nullptr);
  std::string said;
  std::array<char, 4096> piece{};
  while (const size_t bytes = fread(piece.data(), 1, piece.size(), python)) {
    said.append(piece.data(), bytes);
  }
  EXPECT_EQ(pclose(python), 0) << said;
  EXPECT_NE(said.find("numbers agree to the last digit"), std::string::npos) << said;
}

}  // namespace
}  // namespace quantrial

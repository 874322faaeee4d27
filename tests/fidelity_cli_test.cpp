// quantrial fidelity as a user runs it. Expected figures: scipy on transformers' logits
// (tests/oracles/make_fidelity.py).
#include "tests/fidelity_numbers.h"
#include "tests/oracle.h"
#include "tests/program.h"

namespace quantrial {
namespace {

class Fidelity : public Program {
 protected:
  std::vector<std::string> command(const std::string& model, std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"fidelity", oracle::folder(model).string(), "--base",
                                          base_, "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  nlohmann::ordered_json report(const std::string& model, std::vector<std::string> more) const {
    const std::string out = (dir_ / "report.json").string();
    more.insert(more.end(), {"-o", out});
    const Outcome outcome = run(command(model, more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("KL mean"), std::string::npos);
    return nlohmann::ordered_json::parse(read_text_file(out));
  }

  std::string base_ = oracle::folder("tiny/text").string();
  std::string prompts_ = write("prompts.jsonl", line("p64") + line("p7")).string();

 private:
  static std::string line(const std::string& prompt) {
    return nlohmann::json{{"input_ids", oracle::prompt(prompt)}}.dump() + "\n";
  }
};

TEST_F(Fidelity, EqualsScipyOnTransformersLogits) {
  const std::string file = std::string(QUANTRIAL_SOURCE) + "/tests/oracles/fidelity.json";
  const auto stored = nlohmann::json::parse(read_text_file(file)).at("oracles");
  for (const auto& [model, expected] : stored.items()) {
    const auto ours = report(model, {"--text", prompts_, "--precision", "fp32", "--activations",
                                     "off", "--noise-floor", "off"});
    EXPECT_EQ(ours.at("schema"), 2);
    EXPECT_TRUE(ours.at("noise_floor").is_null());
    expect_numbers(ours.at("fidelity"), expected, tolerance::fidelity_of_logits_fp32, model);
  }
}

TEST_F(Fidelity, TheBaseIsAtNoDistanceFromItselfAndTheNoiseIsSmall) {
  const auto ours = report("tiny/text", {"--text", prompts_});
  const auto& all = ours.at("fidelity").at("all");
  EXPECT_EQ(all.at("kl").at("max"), 0);
  EXPECT_EQ(all.at("same_top").at("value"), 1);
  EXPECT_EQ(all.at("perplexity").at("log_ratio").at("value"), 0);
  const double noise = ours.at("noise_floor").at("all").at("kl").at("mean").at("value");
  EXPECT_GT(noise, 0);
  EXPECT_LT(noise, tolerance::kl_native);
}

// The base keeps its head as stored, so that one folder twice shows what 8 bits cost.
TEST_F(Fidelity, ShowsWhatAnEightBitHeadCosts) {
  const auto ours =
      report("tiny/text", {"--text", prompts_, "--head-bits", "8", "--noise-floor", "off"});
  const double kl = ours.at("fidelity").at("all").at("kl").at("mean").at("value");
  EXPECT_GT(kl, 0);
  EXPECT_LT(kl, tolerance::kl_fp8_head);
}

TEST_F(Fidelity, ThreadsAndStepsDoNotChangeAFigure) {
  const auto one = report("autoround_int4", {"--text", prompts_, "--threads", "1"});
  EXPECT_EQ(one, report("autoround_int4", {"--text", prompts_, "--threads", "3"}));
}

TEST_F(Fidelity, OwnTracesAreReadAgain) {
  const std::string reference = std::string(QUANTRIAL_SOURCE) + "/models/reference";
  const std::string traces = (dir_ / "traces.jsonl").string(), out = (dir_ / "a.json").string();
  const std::string questions = write("q.jsonl",
                                      "{\"question\": \"Compute 65+22.\"}\n"
                                      "{\"question\": \"Work out 66-69.\"}\n")
                                    .string();
  const std::vector<std::string> common = {
      "fidelity", reference,   "--base", reference,       "--quiet", "-o",
      out,        "--context", "256",    "--noise-floor", "off"};
  auto arguments = common;
  arguments.insert(arguments.end(),
                   {"--questions", questions, "--save-traces", traces, "--own-traces", "5"});
  Outcome outcome = run(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto first = nlohmann::json::parse(read_text_file(out)).at("fidelity");
  EXPECT_EQ(first.at("all").at("sequences"), 2);
  EXPECT_TRUE(first.at("by_segment").contains("thinking"));
  arguments = common;
  arguments.insert(arguments.end(), {"--text", traces});
  outcome = run(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(read_text_file(out)).at("fidelity"), first);
}

TEST_F(Fidelity, SaysWhatIsWrong) {
  expect_error(command("tiny/text", {"--text", (dir_ / "absent.txt").string()}), "absent.txt");
  expect_error(command("absent", {"--text", prompts_}), "absent");
  expect_error(command("tiny/text", {"--text", prompts_, "-o", dir_.string()}), "no regular file");
  expect_error(command("tiny/text", {"--text", prompts_, "-o", prompts_}), "belongs to the input");
  expect_error(command("tiny/text", {"--text", prompts_, "-o", base_ + "/config.json"}),
               "belongs to the input");
  expect_error(command("tiny/text", {"--text", prompts_, "--backend", "cuda"}), "cuda");
  const std::string reference = std::string(QUANTRIAL_SOURCE) + "/models/reference";
  expect_error({"fidelity", reference, "--base", base_, "--quiet", "--text", prompts_},
               "vocabulary");
  EXPECT_EQ(run(command("tiny/text", {"--text", prompts_, "--own-traces", "3"})).exit_code, 2);
  EXPECT_EQ(run({"fidelity", base_}).exit_code, 2);
}

}  // namespace
}  // namespace quantrial

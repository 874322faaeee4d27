// The program as a user runs it: generate, logits and bench on the tiny checkpoint, and what they
// refuse.
#include "tests/oracle.h"
#include "tests/program.h"

namespace quantrial {
namespace {

class Generate : public Program {
 protected:
  std::string text_ = oracle::folder("tiny/text").string();
};

TEST_F(Generate, DraftsAndBatchesDoNotChangeTheText) {
  const auto generate = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {
        "generate", text_, "--prompt", "def f(x):", "--seed", "7", "--json", "--max-tokens", "24"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out);
  };
  const auto plain = generate({});
  const auto& sample = plain["samples"][0];
  EXPECT_GE(sample["tokens"].size(), 1u);
  EXPECT_EQ(sample["seed"], 7);
  EXPECT_EQ(generate({"--draft-tokens", "3"})["samples"][0]["tokens"], sample["tokens"]);
  EXPECT_EQ(generate({"--samples", "3"})["samples"][0]["tokens"], sample["tokens"]);
  EXPECT_EQ(generate({"--threads", "1"})["samples"][0]["tokens"], sample["tokens"]);
  EXPECT_NE(generate({"--raw"})["prompt_ids"], plain["prompt_ids"]);  // without the template
}

TEST_F(Generate, StreamsTextAndSumsUp) {
  const std::vector<std::string> arguments = {"generate", text_,          "--raw", "--temperature",
                                              "0",        "--max-tokens", "8"};
  const Outcome outcome = run(arguments, "def f(x):");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.err.find("generated: 8 tokens"), std::string::npos) << outcome.err;
  auto quiet = arguments;
  quiet.push_back("--quiet");
  EXPECT_EQ(run(quiet, "def f(x):").err, "");
  EXPECT_EQ(run(quiet, "def f(x):").out, outcome.out);
}

TEST_F(Generate, ChatAnswersLineByLine) {
  const std::vector<std::string> arguments = {"generate", text_,    "--chat", "--max-tokens",
                                              "6",        "--seed", "1"};
  const Outcome once = run(arguments, "hello\n");
  const Outcome again = run(arguments, "hello\n/exit\nnever read\n");
  EXPECT_EQ(once.exit_code, 0) << once.err;
  EXPECT_FALSE(once.out.empty());
  EXPECT_EQ(once.out, again.out);
  EXPECT_GT(run(arguments, "hello\nand you?\n").out.size(), once.out.size());
}

TEST_F(Generate, LogitsHaveTheShapesOfTheContract) {
  const fs::path tokens = write("tokens.json", R"({"prompts": [[396], [1, 2, 3]]})");
  const fs::path out = dir_ / "logits.safetensors";
  const Outcome outcome =
      run({"logits", text_, "--tokens", tokens, "-o", out, "--mtp", "--precision", "fp32"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::map<std::string, std::vector<int64_t>> shapes;
  const SafetensorsFile file(out);
  for (const StoredTensor& tensor : file.tensors()) shapes[tensor.name] = tensor.shape;
  const std::map<std::string, std::vector<int64_t>> expected = {
      {"logits.0", {1, 512}}, {"logits.1", {3, 512}}, {"mtp_logits.1", {2, 512}}};
  EXPECT_EQ(shapes, expected);
}

// 64 prompts of 4,000 tokens take seconds, and the first is written long before the last.
TEST_F(Generate, AnInterruptedRunLeavesNothingAndAKilledOneDoesNotBlockTheNext) {
  std::string prompt = "[1", list;
  for (int i = 1; i < 4000; ++i) prompt += ", " + std::to_string(i % 500);
  for (int i = 0; i < 64; ++i) list += (i > 0 ? ", " : "") + prompt + "]";
  const fs::path tokens = write("tokens.json", "{\"prompts\": [" + list + "]}");
  const fs::path out = dir_ / "logits.safetensors",
                 partial = dir_ / "logits.safetensors.quantrial-partial";
  const std::vector<std::string> logits = {"logits", text_, "--tokens", tokens, "-o", out};
  for (const int signal : {SIGINT, SIGTERM}) {
    const Outcome outcome = interrupted(logits, partial, signal);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "quantrial: error: logits: interrupted; nothing was written\n");
    EXPECT_FALSE(fs::exists(partial));
    EXPECT_FALSE(fs::exists(out));
  }
  interrupted(logits, partial, SIGKILL);
  EXPECT_TRUE(fs::exists(partial));
  const fs::path few = write("few.json", R"({"prompts": [[1]]})");
  EXPECT_EQ(run({"logits", text_, "--tokens", few, "-o", out}).exit_code, 0);
  EXPECT_FALSE(fs::exists(partial));
  EXPECT_EQ(SafetensorsFile(out).tensors().size(), 1u);
}

TEST_F(Generate, LogitsNeverReplaceAnInput) {
  const fs::path tokens = write("tokens.json", R"({"prompts": [[1]]})");
  const fs::path weights = fs::path(text_) / "model.safetensors";
  const auto size = fs::file_size(weights);
  for (const fs::path& out : {tokens, weights, fs::path()}) {
    const Outcome outcome = run({"logits", text_, "--tokens", tokens, "-o", out});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("choose another output file"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(fs::file_size(tokens), 18u);
  EXPECT_EQ(fs::file_size(weights), size);
}

TEST_F(Generate, BenchGivesItsFigures) {
  const Outcome outcome = run({"bench", text_, "--prompt-tokens", "70", "--output-tokens", "4",
                               "--repetitions", "1", "--concurrency", "1,3", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_GT(json["read_bandwidth_bytes_per_s"], 1e8);
  ASSERT_EQ(json["measurements"].size(), 2u);
  for (const auto& row : json["measurements"]) {
    EXPECT_GT(row["prefill_tokens_per_s"], 0);
    EXPECT_GT(row["multiply_share"], 0);
    EXPECT_GT(row["decode_tokens_per_s"], 0);
  }
}

TEST_F(Generate, RunsSyntheticCheckpointsOfEveryFormat) {
  if (std::system("python3 -c '' 2>/dev/null") != 0) GTEST_SKIP() << "python3 is not here";
  const std::map<std::string, std::string> stored_as = {
      {"bf16", "bf16"},     {"fp8", "fp8-block"}, {"int4-g128", "int4"},
      {"int4-g32", "int4"}, {"nvfp4", "nvfp4"},   {"nvfp4-w4a4", "nvfp4"}};
  for (const auto& [format, stored] : stored_as) {
    const fs::path model = dir_ / format;
    const std::string command =
        "python3 -B '" QUANTRIAL_SOURCE "/tools/make_synthetic_checkpoint.py' '" + model.string() +
        "' --shape 0.8b --layers 4 --hidden 256 --intermediate 512 --vocab 512 --format " + format +
        " --tokenizer '" + text_ + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    const Outcome outcome =
        run({"generate", model, "--raw", "--prompt", "def f(x):", "--temperature", "0",
             "--max-tokens", "3", "--ignore-eos"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("generated: 3 tokens"), std::string::npos) << outcome.err;
    EXPECT_NE(run({"inspect", model}).out.find("up_proj      " + stored), std::string::npos)
        << format;
  }
}

TEST_F(Generate, RefusesWithOneLine) {
  const fs::path bad = write("bad.json", R"({"prompts": [[1, 512]]})");
  const fs::path broken = write("broken.json", "{\"prompts\": [[1,");
  const std::string out = dir_ / "x.safetensors";
  expect_error({"logits", text_, "--tokens", bad, "-o", out}, "prompts[0][1]: 512");
  expect_error({"logits", text_, "--tokens", broken, "-o", out}, "malformed JSON");
  expect_error({"logits", text_, "--tokens", dir_ / "none.json", "-o", out}, "none.json");
  EXPECT_FALSE(fs::exists(out));
  expect_error({"generate", dir_ / "none", "--prompt", "x"}, "no such folder");
  expect_error({"generate", text_, "--prompt", "x", "--max-tokens", "9999"}, "4096");
  expect_error({"generate", text_, "--prompt", "x", "--context", "9999"}, "4096");
  expect_error({"generate", text_, "--prompt", "x", "--top-p", "0"}, "top_p");
  expect_error({"generate", text_, "--raw", "--prompt", ""}, "no tokens");
  expect_error({"generate", text_, "--prompt", "x", "--backend", "cuda"}, "--backend cpu");
  EXPECT_EQ(run({"generate", text_, "--draft-tokens", "4"}).exit_code, 2);
  EXPECT_EQ(run({"generate", text_, "--prompt", "x", "--chat"}).exit_code, 2);
  EXPECT_NE(run({"bench", "--help"}).out.find("Example"), std::string::npos);
}

}  // namespace
}  // namespace quantrial

// quantize as a user runs it, on the tiny checkpoint: its files against the reference tools', ends
// at any moment, and what it refuses.
#include <sys/resource.h>

#include <random>
#include <regex>
#include <set>
#include <sstream>

#include "tensor/safetensors_writer.h"
#include "tests/oracle.h"
#include "tests/program.h"

namespace quantrial {
namespace {

using Bytes = std::map<std::string, std::string>;  // by name of file or tensor

const std::vector<std::string> few = {"--set", "samples=8", "--set", "sequence_length=64",
                                      "--set", "iters=5",   "--set", "batch=4"};

class Quantize : public Program {
 protected:
  std::vector<std::string> arguments(const std::string& recipe, const fs::path& out,
                                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"quantize", base_, "--recipe", recipe, "-o", out};
    all.insert(all.end(), few.begin(), few.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  fs::path quantized(const std::string& recipe, const std::string& name,
                     const std::vector<std::string>& more = {}) const {
    const Outcome outcome = run(arguments(recipe, dir_ / name, more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return dir_ / name;
  }

  static Bytes tensors(const fs::path& dir) {
    Bytes all;
    const Checkpoint checkpoint(dir);
    for (const auto& [name, tensor] : checkpoint.tensors()) {
      all[name] = tensor->shape_text();
      all[name].append(reinterpret_cast<const char*>(tensor->bytes.data()), tensor->bytes.size());
    }
    return all;
  }

  // Every file; of quantization.json all but the time it took.
  static Bytes files(const fs::path& dir) {
    Bytes all;
    for (const auto& entry : fs::directory_iterator(dir)) {
      const std::string name = entry.path().filename();
      all[name] = read_text_file(entry.path());
      if (name == "quantization.json") {
        auto json = nlohmann::ordered_json::parse(all[name]);
        json.erase("seconds");
        all[name] = json.dump();
      }
    }
    return all;
  }

  // Of quantization.json, by name of the module.
  static std::map<std::string, nlohmann::json> quantized_modules(const nlohmann::json& report) {
    std::map<std::string, nlohmann::json> modules;
    for (const auto& module : report.at("modules")) {
      if (module.contains("weight_error")) modules[module.at("name")] = module;
    }
    return modules;
  }
  static nlohmann::json report(const fs::path& dir) {
    return nlohmann::json::parse(read_text_file(dir / "quantization.json"));
  }

  static void expect_same(const Bytes& ours, const Bytes& expected) {
    std::set<std::string> names;
    for (const auto& [name, bytes] : ours) names.insert(name);
    for (const auto& [name, bytes] : expected) names.insert(name);
    for (const std::string& name : names) {
      EXPECT_TRUE(ours.contains(name)) << name;
      EXPECT_TRUE(expected.contains(name)) << name;
      if (ours.contains(name) && expected.contains(name)) {
        EXPECT_TRUE(ours.at(name) == expected.at(name)) << name;
      }
    }
  }

  // Exit 1, one line with `part`, and neither the folder nor an unfinished one.
  void expect_refused(const std::vector<std::string>& arguments, const fs::path& out,
                      const std::string& part) const {
    std::vector<std::string> quiet = arguments;
    quiet.push_back("--quiet");
    expect_error(quiet, part);
    EXPECT_FALSE(fs::exists(out)) << part;
    EXPECT_FALSE(fs::exists(partial(out))) << part;
  }

  static fs::path partial(fs::path out) { return out += ".partial"; }

  void expect_kills_change_nothing(const std::string& recipe) const;

  std::string base_ = oracle::folder("tiny/mm").string();
};

TEST_F(Quantize, Fp8IsTransformersTensorByTensor) {
  const fs::path out = quantized("fp8-block128", "out");
  expect_same(tensors(out), tensors(oracle::folder("fp8_hf_block128")));
}

// llm-compressor calibrated on other rows, and rewrites the norms.
TEST_F(Quantize, Nvfp4WeightsAreLlmCompressors) {
  const auto weights = [](const fs::path& dir) {
    Bytes all = tensors(dir);
    std::erase_if(all, [](const auto& t) {
      return !t.first.ends_with(".weight_packed") && !t.first.ends_with(".weight_scale") &&
             !t.first.ends_with(".weight_global_scale");
    });
    return all;
  };
  const Bytes ours = weights(quantized("nvfp4", "out"));
  EXPECT_EQ(ours.size(), 3u * 31);
  expect_same(ours, weights(oracle::folder("nvfp4_llmc")));
}

// 20 times in all; after a run that came to its end before it was killed, from the start again.
void Quantize::expect_kills_change_nothing(const std::string& recipe) const {
  using Clock = std::chrono::steady_clock;
  const std::vector<std::string> shorter = {"--set", "samples=4", "--set", "iters=2"};
  const auto start_time = Clock::now();
  const Bytes expected = files(quantized(recipe, "undisturbed", shorter));
  const auto whole = Clock::now() - start_time;
  const fs::path out = dir_ / "out";
  const auto again = arguments(recipe, out, {"--resume", "--set", "samples=4", "--set", "iters=2"});
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i) {
    const pid_t child = start(again);
    const auto share = std::uniform_int_distribution(0, 1000)(random);
    usleep(static_cast<useconds_t>(whole / std::chrono::microseconds(1) * share / 2000));
    kill(child, SIGKILL);
    end_of(child);
    if (!fs::exists(out)) continue;
    const Outcome outcome = run(again);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    expect_same(files(out), expected);
    fs::remove_all(out);
  }
  const Outcome outcome = run(again);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  expect_same(files(out), expected);
  EXPECT_FALSE(fs::exists(partial(out)));
}

TEST_F(Quantize, KillsDoNotChangeADataFreeRecipe) { expect_kills_change_nothing("fp8-block128"); }

TEST_F(Quantize, KillsDoNotChangeATunedRecipe) { expect_kills_change_nothing("int4-autoround"); }

TEST_F(Quantize, ThreadsDoNotChangeTheBytes) {
  for (const std::string recipe : {"fp8-block128", "nvfp4", "int4-autoround"}) {
    expect_same(files(quantized(recipe, recipe + "1", {"--threads", "1"})),
                files(quantized(recipe, recipe + "2", {"--threads", "2"})));
  }
}

TEST_F(Quantize, RefusesNaNInAWeightByItsName) {
  const fs::path damaged = dir_ / "nan";
  fs::copy(base_, damaged);
  const std::string name = "model.language_model.layers.0.mlp.up_proj.weight";
  fs::path file;
  int64_t at = 0;
  {
    const Checkpoint checkpoint(damaged);
    const StoredTensor& tensor = checkpoint.at(name);
    file = tensor.file->path();
    at = tensor.bytes.data() - tensor.file->bytes().data();
  }
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  std::fstream(file, std::ios::binary | std::ios::in | std::ios::out)
      .seekp(at)
      .write("\xC0\x7F", 2);
  for (const char* recipe : {"fp8-block128", "int4-rtn", "nvfp4"}) {
    std::vector<std::string> wrong = arguments(recipe, dir_ / "out");
    wrong[1] = damaged;
    expect_refused(wrong, dir_ / "out", "layers.0.mlp.up_proj");
  }
}

TEST_F(Quantize, RefusesWhereItCannotWriteAndWhatNamesNoModule) {
  const fs::path file = dir_ / "file";
  std::ofstream(file) << "kept";
  expect_refused(arguments("int4-rtn", file / "out"), file / "out", "cannot create");
  const fs::path recipe = dir_ / "nothing.yaml";
  std::ofstream(recipe) << "description: keeps all\nalgorithm: rtn\n"
                           "weights: {type: int, bits: 4, group_size: 128, symmetric: true}\n"
                           "container: auto-round\nkeep: [\"re:.*\"]\n";
  expect_refused(arguments(recipe, dir_ / "out"), dir_ / "out", "no module");
  const Outcome outcome = run(arguments("int4-rtn", file));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(read_text_file(file), "kept");
}

TEST_F(Quantize, AShortRunTellsItsTime) {
  const Outcome outcome = run(arguments("int4-rtn", dir_ / "out"));
  EXPECT_EQ(outcome.err.find(" 0 s"), std::string::npos) << outcome.err;
  EXPECT_TRUE(
      std::regex_search(outcome.err, std::regex("100 %, file 8 of 8, (under )?[0-9.]+ s\n")))
      << outcome.err;
}

// Their AWQ's factors taken back, its weights are as far from the base's as INT4's are.
TEST_F(Quantize, VerifyComparesWhatAwqRescaled) {
  const fs::path out = quantized("int4-awq", "out");
  const Outcome outcome = run({"verify", out, "--base", base_});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("AWQ's factors")) << outcome.out;
  EXPECT_NE(outcome.out.find(": 0 errors, 0 warnings"), std::string::npos) << outcome.out;
  std::istringstream lines(outcome.out);
  std::string line;
  int modules = 0;
  for (std::getline(lines, line), std::getline(lines, line);
       std::getline(lines, line) && line.starts_with(" "); ++modules) {
    EXPECT_LT(std::stod(line), tolerance::int4_g32_weights) << line;
  }
  EXPECT_EQ(modules, 16);
}

TEST_F(Quantize, ADryRunWritesNothing) {
  const fs::path out = dir_ / "out";
  const Outcome outcome = run(arguments("int4-autoround", out, {"--dry-run"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("down_proj"), std::string::npos);
  EXPECT_NE(outcome.out.find("GB of memory at the peak"), std::string::npos);
  EXPECT_FALSE(fs::exists(out));
  EXPECT_FALSE(fs::exists(partial(out)));
}

// Before tuning, a module is what int4-rtn makes of it: k_proj, whose rows are all looked at there.
TEST_F(Quantize, TheReportHasErrorsAndTimeOfEachModule) {
  const nlohmann::json rounded = report(quantized("int4-rtn", "rounded"));
  const nlohmann::json tuned = report(quantized("int4-autoround", "tuned"));
  const auto nearest = quantized_modules(rounded), modules = quantized_modules(tuned);
  EXPECT_EQ(modules.size(), 25u);
  EXPECT_EQ(nearest.size(), modules.size());
  for (const auto& [name, module] : modules) {
    EXPECT_FALSE(nearest.at(name).contains("weight_error_before")) << name;
    EXPECT_GT(module.at("weight_error_before"), 0) << name;
    EXPECT_GT(tuned.at("seconds").at("modules").at(name), 0) << name;
    EXPECT_GT(rounded.at("seconds").at("modules").at(name), 0) << name;
  }
  const std::string k_proj = "model.language_model.layers.3.self_attn.k_proj";
  EXPECT_DOUBLE_EQ(modules.at(k_proj).at("weight_error_before"),
                   nearest.at(k_proj).at("weight_error"));
  EXPECT_EQ(tuned.at("blocks").size(), 4u);
}

TEST_F(Quantize, TheLogIsATable) {
  const auto log = [&](const std::string& recipe) {
    return run(arguments(recipe, dir_ / recipe)).err;
  };
  const std::string row = R"(\n  mlp\.down_proj +int4 g\d+ \w+metric)",
                    error = R"( +\d\.\d\de-\d\d)";
  const std::string rounded = log("int4-rtn"), tuned = log("int4-awq");
  EXPECT_TRUE(std::regex_search(rounded, std::regex(row + error + R"( +[\d.]+ m?s\n)"))) << rounded;
  EXPECT_TRUE(std::regex_search(tuned, std::regex(row + error + error + R"( +~[\d.]+ m?s\n)")))
      << tuned;
  const std::regex block("\nmodel\\.language_model\\.layers\\.3\n");
  EXPECT_TRUE(std::regex_search(tuned, block)) << tuned;
  EXPECT_NE(tuned.find("as it rescaled them"), std::string::npos) << tuned;
}

TEST_F(Quantize, TheResultRuns) {
  const auto prompts =
      write("tokens.json", nlohmann::json{{"prompts", {oracle::prompt("p150")}}}.dump());
  const auto logits = [&](const fs::path& model) {
    const fs::path out = dir_ / "logits.safetensors";
    const Outcome outcome = run({"logits", model, "--tokens", prompts, "-o", out});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return oracle::tensor(out, "logits.0");
  };
  const oracle::Matrix bf16 = logits(base_);
  const auto kl = [&](const std::string& recipe) {
    return oracle::mean_kl(bf16, logits(quantized(recipe, recipe)));
  };
  const double fp8 = kl("fp8-block128"), tuned = kl("int4-autoround"), rounded = kl("int4-rtn");
  const double oracle_fp8 = oracle::mean_kl(bf16, logits(oracle::folder("fp8_hf_block128")));
  EXPECT_EQ(fp8, oracle_fp8);
  EXPECT_GT(tuned, fp8);
  EXPECT_LT(tuned, rounded);
}

}  // namespace
}  // namespace quantrial

// quantize on checkpoints with zeros, NaN and weights beyond a format's reach, on a full disk, and
// with every policy for the MTP head; its activation scales against llm-compressor's.
#include <sys/resource.h>

#include <cmath>
#include <set>

#include "formats/carry.h"
#include "tensor/json.h"
#include "tensor/numbers.h"
#include "tensor/safetensors_writer.h"
#include "tests/oracle.h"
#include "tests/program.h"

namespace quantrial {
namespace {

const std::vector<std::string> recipes = {
    "fp8-block128", "int4-rtn",        "int4-autoround",        "int4-awq", "int4-gptq", "nvfp4",
    "nvfp4-shared", "nvfp4-autoround", "nvfp4-linear-attn-bf16"};
const std::string layers = "model.language_model.layers.";

class BadInput : public Program {
 protected:
  using Edit = std::function<void(const std::string& name, View<bfloat16, 2> w)>;

  // tiny/mm with other matrices.
  fs::path edited(const std::string& name, const Edit& edit) const {
    const Checkpoint base(oracle::folder("tiny/mm"));
    const fs::path dir = dir_ / name;
    fs::create_directory(dir);
    carry_files(base.dir(), dir);
    fs::copy(base.dir() / "config.json", dir);
    std::vector<TensorToWrite> tensors;
    for (const auto& [tensor_name, tensor] : base.tensors()) {
      tensors.push_back(carried(*tensor));
      if (tensor->dtype != DType::bf16 || tensor->shape.size() != 2) continue;
      const auto stored = tensor->array<bfloat16>().span();
      std::vector<bfloat16> values(stored.begin(), stored.end());
      edit(tensor_name, {values.data(), {tensor->shape[0], tensor->shape[1]}});
      tensors.back() = {tensor_name, tensor->dtype, tensor->shape, [values = std::move(values)] {
                          const auto bytes = std::as_bytes(std::span(values));
                          return std::vector<std::byte>(bytes.begin(), bytes.end());
                        }};
    }
    write_safetensors(dir / "model.safetensors", tensors);
    return dir;
  }

  std::vector<std::string> arguments(const fs::path& model, const std::string& recipe,
                                     const fs::path& out,
                                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"quantize", model,     "--recipe", recipe,
                                    "-o",       out,       "--set",    "samples=4",
                                    "--set",    "iters=2", "--set",    "sequence_length=32",
                                    "--set",    "batch=2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  fs::path quantized(const fs::path& model, const std::string& recipe, const std::string& name,
                     const std::vector<std::string>& more = {}) const {
    const Outcome outcome = run(arguments(model, recipe, dir_ / name, more));
    EXPECT_EQ(outcome.exit_code, 0) << recipe << outcome.err;
    EXPECT_EQ((outcome.out + outcome.err).find("zero_collapse"), std::string::npos) << recipe;
    return dir_ / name;
  }

  void expect_refused(const fs::path& model, const std::string& recipe,
                      const std::string& part) const {
    const fs::path out = dir_ / "refused";
    expect_error(arguments(model, recipe, out, {"--quiet"}), part);
    EXPECT_FALSE(fs::exists(out)) << recipe;
    EXPECT_FALSE(fs::exists(dir_ / "refused.partial")) << recipe;
  }

  Outcome run_with_file_limit(rlim_t bytes, const std::vector<std::string>& arguments) const {
    rlimit old{};
    getrlimit(RLIMIT_FSIZE, &old);
    const rlimit small{bytes, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const pid_t child = start(arguments);
    setrlimit(RLIMIT_FSIZE, &old);
    return end_of(child);
  }

  const fs::path base_ = oracle::folder("tiny/mm");
};

void clear(View<bfloat16, 2> w) { std::fill(w.data(), w.data() + w.size(), bfloat16{}); }

TEST_F(BadInput, ZerosStayZerosWithoutAWarning) {
  const std::set<std::string> whole = {
      layers + "0.mlp.gate_proj.weight", layers + "0.mlp.up_proj.weight",
      layers + "1.linear_attn.in_proj_z.weight", layers + "3.self_attn.k_proj.weight"};
  const fs::path model = edited("zeros", [&](const std::string& name, View<bfloat16, 2> w) {
    if (!name.starts_with(layers) || w.shape(0) < 16) return;
    if (whole.contains(name)) return clear(w);
    clear(w.rows(1, 1));
    std::fill_n(w[2].data(), 128, to_bfloat16(-0.0f));  // of every format at least a group
  });
  for (const std::string& recipe : recipes) {
    const Outcome made = run(arguments(model, recipe, dir_ / recipe));
    EXPECT_EQ(made.exit_code, 0) << recipe << made.err;
    EXPECT_EQ(made.err.find("zero_collapse"), std::string::npos) << recipe;
    for (const std::string linear : {"mlp.gate_proj", "self_attn.k_proj"}) {
      const bool stays = recipe == "fp8-block128" && linear == "self_attn.k_proj";  // by its shape
      EXPECT_NE(made.err.find("  " + linear + ": all of ") != std::string::npos, stays) << made.err;
    }
    const fs::path out = dir_ / recipe, plain = dir_ / (recipe + "-plain");
    const Outcome outcome = run({"dequantize", out, "-o", plain});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const Checkpoint checkpoint(plain);
    // GPTQ's feedback, where AutoRound starts too, puts the errors of others into a group of zeros.
    const bool in_groups = !recipe.ends_with("gptq") && !recipe.ends_with("autoround");
    for (const auto& [name, tensor] : checkpoint.tensors()) {
      if (tensor->shape.size() != 2 || !name.starts_with(layers)) continue;
      const std::vector<float> values = tensor->floats();
      const auto K = static_cast<size_t>(tensor->shape[1]);
      size_t others = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        ASSERT_TRUE(std::isfinite(values[i])) << recipe << name;
        const bool is_zero = tensor->shape[0] >= 16 && (whole.contains(name) || i / K == 1 ||
                                                        (in_groups && i / K == 2 && i % K < 128));
        ASSERT_TRUE(!is_zero || values[i] == 0) << recipe << name;
        others += !is_zero && values[i] != 0;
      }
      EXPECT_EQ(others > 0, !whole.contains(name)) << recipe << name;
    }
  }
}

TEST_F(BadInput, NaNAnywhereEndsARunBeforeItStarts) {
  for (const std::string part : {"lm_head.weight", "mtp.layers.0.mlp.up_proj.weight",
                                 "layers.3.self_attn.o_proj.weight", "embed_tokens.weight"}) {
    const fs::path model = edited("nan", [&](const std::string& name, View<bfloat16, 2> w) {
      if (name.ends_with(part)) w[1][2] = bfloat16{0x7FC0};
    });
    for (const char* recipe : {"fp8-block128", "nvfp4", "int4-autoround"}) {
      expect_refused(model, recipe, part);
    }
    fs::remove_all(model);
  }
}

// 1e6 / 8 is no float16, in which auto-round keeps its scales.
TEST_F(BadInput, WeightsBeyondTheScalesAreRefusedByName) {
  const fs::path model = edited("huge", [](const std::string& name, View<bfloat16, 2> w) {
    if (name == layers + "0.mlp.up_proj.weight") w[5][7] = to_bfloat16(1e6f);
  });
  for (const char* recipe : {"int4-rtn", "int4-autoround"}) {
    expect_refused(model, recipe, "layers.0.mlp.up_proj.weight: row 5 holds weights too large");
  }
}

TEST_F(BadInput, WeightsNextToNothingEndNoRun) {
  const fs::path model = edited("faint", [](const std::string& name, View<bfloat16, 2> w) {
    if (name != layers + "0.mlp.up_proj.weight") return;
    std::fill(w.data(), w.data() + w.size(), to_bfloat16(1e-39f));
  });
  for (const std::string recipe : {"nvfp4-shared", "nvfp4-autoround", "int4-gptq"}) {
    const Outcome outcome = run(arguments(model, recipe, dir_ / recipe));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }
}

TEST_F(BadInput, AnIncompleteModelIsRefusedAtOnce) {
  const fs::path model = edited("cut", [](const std::string&, View<bfloat16, 2>) {});
  auto config = Json::parse(read_text_file(model / "config.json"));
  config["text_config"]["vocab_size"] = 640;
  std::ofstream(model / "config.json") << config;
  expect_refused(model, "int4-autoround", "embed_tokens: shape [512, 128], expected [640, 128]");
}

// A limit on file size stands for a full disk: only the files of blocks are too large for it.
TEST_F(BadInput, AFullDiskLeavesWhatResumeCanMend) {
  const fs::path out = dir_ / "out", partial = dir_ / "out.partial";
  for (const char* recipe : {"fp8-block128", "int4-gptq"}) {
    const bool calibrated = recipe == std::string("int4-gptq");
    std::vector<std::string> all = arguments(base_, recipe, out, {"--quiet"});
    const Outcome full = run_with_file_limit(140'000, all);
    EXPECT_EQ(full.exit_code, 1);
    EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
    EXPECT_NE(full.err.find("cannot write"), std::string::npos) << full.err;
    EXPECT_EQ(full.err.find("--resume") != std::string::npos, calibrated) << full.err;
    EXPECT_FALSE(fs::exists(out));
    EXPECT_EQ(fs::exists(partial), calibrated);
    all.push_back("--resume");
    const Outcome mended = run(all);
    EXPECT_EQ(mended.exit_code, 0) << mended.err;
    const fs::path undisturbed = quantized(base_, recipe, std::string("whole-") + recipe);
    const Checkpoint ours(out), expected(undisturbed);
    EXPECT_EQ(ours.tensors().size(), expected.tensors().size());
    for (const auto& [name, tensor] : expected.tensors()) {
      EXPECT_TRUE(std::ranges::equal(ours.at(name).bytes, tensor->bytes)) << name;
    }
    fs::remove_all(out);
  }
}

TEST_F(BadInput, SettingsThatTheFilesCannotHoldAreRefusedAtOnce) {
  const auto refused = [&](const std::string& recipe, const std::vector<std::string>& settings,
                           const std::string& part) {
    auto all = arguments(base_, recipe, dir_ / "refused", {"--dry-run"});
    for (const std::string& setting : settings) all.insert(all.end(), {"--set", setting});
    expect_error(all, part);
  };
  refused("int4-autoround", {"symmetric=false"}, "container auto-round holds true alone");
  refused("int4-awq", {"container=auto-round"}, "container auto-round holds true alone");
  refused("int4-rtn", {"bits=8"}, "use 4");
  refused("int4-rtn", {"bits="}, "give a value");
  refused("int4-rtn", {R"(keep=["re:["])"}, "keep");
}

TEST_F(BadInput, CalibrationThatCannotBeWhatWasMeantIsRefused) {
  const auto refused = [&](const std::string& recipe, const fs::path& file,
                           const std::string& part) {
    expect_error(arguments(base_, recipe, dir_ / "refused", {"--calibration", file}), part);
  };
  refused("int4-rtn", write("a.txt", "text"), "uses none");
  refused("int4-gptq", write("bytes.txt", "\xFF\xFE\x01"), "UTF-8");
  refused("int4-gptq",
          write("mixed.jsonl", R"({"input_ids": [5, 6]})"
                               "\n"
                               R"({"text": "few"})"
                               "\n"),
          "too few for one sequence");
  refused("int4-gptq",
          write("chat.jsonl", R"({"messages": "hi"})"
                              "\n"),
          "chat.jsonl:1");
}

TEST_F(BadInput, OutputThatCannotBeReplacedIsRefusedAtOnce) {
  fs::create_symlink("nowhere", dir_ / "link");
  expect_error(arguments(base_, "int4-rtn", dir_ / "link", {"--quiet"}), "leads nowhere");
  expect_error(arguments(base_, "int4-rtn", "", {"--quiet"}), "empty name");
  fs::create_directory(dir_ / "empty");
  fs::create_symlink("empty", dir_ / "to-empty");
  quantized(base_, "int4-rtn", "to-empty");
  EXPECT_TRUE(fs::is_symlink(dir_ / "to-empty"));
  EXPECT_TRUE(fs::exists(dir_ / "empty/config.json"));
}

// auto-round 0.15.1 rounds the Linears of the MTP head to nearest.
TEST_F(BadInput, MtpLikeTheRestIsAutoRounds) {
  const Checkpoint ours(quantized(base_, "int4-autoround", "out", {"--set", "mtp=same"}));
  const Checkpoint theirs(oracle::folder("autoround_int4"));
  int tensors = 0;
  for (const auto& [name, tensor] : theirs.tensors()) {
    if (!name.starts_with("mtp.")) continue;
    EXPECT_TRUE(std::ranges::equal(ours.at(name).bytes, tensor->bytes)) << name;
    ++tensors;
  }
  EXPECT_EQ(tensors, 7 * 3 + 8);
}

TEST_F(BadInput, MtpLikeTheRestDrafts) {
  for (const std::string recipe : {"fp8-block128", "int4-awq", "nvfp4", "nvfp4-autoround"}) {
    const fs::path out = quantized(base_, recipe, recipe, {"--set", "mtp=same"});
    std::vector<std::string> texts;
    for (const char* drafts : {"0", "3"}) {
      const Outcome outcome =
          run({"generate", out, "--raw", "--prompt", "The quick", "--max-tokens", "24",
               "--temperature", "0", "--ignore-eos", "--draft-tokens", drafts});
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
      texts.push_back(outcome.out);
    }
    EXPECT_EQ(texts[0], texts[1]) << recipe;
  }
}

TEST_F(BadInput, DroppedMtpIsGoneFromTheConfigToo) {
  for (const std::string recipe : {"int4-rtn", "nvfp4"}) {
    const fs::path out = quantized(base_, recipe, recipe, {"--set", "mtp=drop"});
    const auto config = Json::parse(read_text_file(out / "config.json"));
    EXPECT_EQ(config["text_config"]["mtp_num_hidden_layers"], 0);
    const Outcome outcome = run({"generate", out, "--raw", "--prompt", "x", "--max-tokens", "2"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const Checkpoint checkpoint(out);
    for (const auto& [name, tensor] : checkpoint.tensors()) EXPECT_FALSE(name.starts_with("mtp."));
  }
}

// tests/oracles/make_calibration_scales.py: what transformers 5.24.0 in float32 hands to each
// Linear while llm-compressor's own calibration ids run through it.
TEST_F(BadInput, InputScalesAreThoseOfTransformersActivations) {
  const auto file = fs::path(QUANTRIAL_SOURCE) / "tests/oracles/calibration_scales.json";
  const auto expected = nlohmann::json::parse(read_text_file(file));
  std::string lines;
  for (const auto& ids : expected["input_ids"]) {
    lines += nlohmann::json{{"input_ids", ids}}.dump() + "\n";
  }
  const Checkpoint ours(
      quantized(base_, "nvfp4", "out", {"--calibration", write("ids.jsonl", lines)}));
  const Checkpoint theirs(oracle::folder("nvfp4_llmc"));
  const auto divisor = [](const nlohmann::json& absmax) {  // llm-compressor's
    const float reciprocal = round_to_bfloat16(1 / round_to_bfloat16(absmax.get<float>()));
    return round_to_bfloat16(reciprocal * 2688);
  };
  EXPECT_EQ(expected["absmax_float32"].size(), 31u);
  for (const auto& [linear, absmax] : expected["absmax_float32"].items()) {
    const std::string name = linear + ".input_global_scale";
    EXPECT_EQ(ours.at(name).floats()[0], divisor(absmax)) << name;
    // The tool's differ because it calibrates in bfloat16 with norms rounded to bfloat16(1 + w).
    const auto& as_the_tool = expected["absmax_llm_compressor"][linear];
    EXPECT_EQ(theirs.at(name).floats()[0], divisor(as_the_tool)) << name;
    EXPECT_NEAR(as_the_tool.get<double>() / absmax.get<double>(), 1,
                tolerance::bfloat16_activations)
        << name;
  }
}

}  // namespace
}  // namespace quantrial

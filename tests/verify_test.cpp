// verify on every checkpoint that the real tools wrote, and on one planted defect at a time.
#include "quantize/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/temporary_folder.h"
#include "formats/carry.h"
#include "tensor/json.h"
#include "tests/rounded_folder.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using Severity = Finding::Severity;

fs::path oracle(const std::string& name) { return fs::path(QUANTRIAL_ORACLES) / name; }

std::string text(const Verification& result) {
  std::string lines;
  for (const Finding& f : result.findings) {
    lines += fmt::format("{} {}: {}: {}\n", f.severity == Severity::error ? "error" : "warning",
                         f.kind, fmt::join(f.modules, ", "), f.detail);
  }
  return lines;
}

const std::string layer = "model.language_model.layers.0.";
const std::string up = layer + "mlp.up_proj", norm = layer + "input_layernorm.weight";

class VerifyOracles : public ::testing::TestWithParam<const char*> {};

TEST_P(VerifyOracles, FindsNoErrorInTheToolsFilesButOfMtp) {
  ThreadPool pool(2);
  VerifyOptions options{.base = oracle("tiny/mm")};
  const Verification result = verify(oracle(GetParam()), options, pool);
  // Of auto-round's compressed-tensors files the MTP head alone is not listed (vllm#37667).
  const bool lists_mtp = GetParam() != std::string("nvfp4_autoround_llm_compressor");
  EXPECT_EQ(result.passed(), lists_mtp) << text(result);
  for (const Finding& f : result.findings) {
    if (f.severity != Severity::error) continue;
    EXPECT_EQ(f.kind, "not_ignored") << text(result);
    EXPECT_TRUE(f.modules[0].starts_with("mtp.")) << text(result);
  }
  EXPECT_GT(result.quantized, 15);
  EXPECT_EQ(static_cast<int64_t>(result.module_errors.size()), result.quantized);
  for (const ModuleError& e : result.module_errors) {
    EXPECT_GT(e.error, 0) << e.module;
    EXPECT_LT(e.error, 0.5) << e.module;
  }
}

INSTANTIATE_TEST_SUITE_P(Tools, VerifyOracles,
                         ::testing::Values("autoround_int4", "awq_int4_g32", "fp8_block_ct",
                                           "fp8_hf_block128", "nvfp4_autoround_auto_round",
                                           "nvfp4_autoround_llm_compressor", "nvfp4_llmc"));

TEST(Verify, FindsUnequalScalesOfLlmCompressorsLinearAttention) {
  ThreadPool pool(2);
  const Verification result = verify(oracle("nvfp4_llmc"), {}, pool);
  const auto unequal =
      std::count_if(result.findings.begin(), result.findings.end(), [](const Finding& f) {
        return f.kind == "unequal_global_scales" && f.severity == Severity::warning;
      });
  EXPECT_EQ(unequal, 6) << text(result);  // qkv/z and b/a in three layers
}

// llm-compressor 0.14 rescaled 11 norms of its AWQ checkpoint; its FP8 and NVFP4 ones are rounded.
TEST(Verify, TakesBackWhatAwqRescaled) {
  ThreadPool pool(2);
  const VerifyOptions options{.base = oracle("tiny/mm")};
  const Verification awq = verify(oracle("awq_int4_g32"), options, pool);
  EXPECT_TRUE(awq.smoothing_undone);
  EXPECT_EQ(text(awq).find("layernorm"), std::string::npos) << text(awq);
  for (const ModuleError& e : awq.module_errors) {
    EXPECT_LT(e.error, tolerance::int4_g32_weights) << e.module;
  }
  EXPECT_FALSE(verify(oracle("nvfp4_llmc"), options, pool).smoothing_undone);
  EXPECT_FALSE(verify(oracle("fp8_block_ct"), options, pool).smoothing_undone);
}

// A copy of a tool's folder, in whose first file bytes of one tensor are put over another's.
class DamagedOracle : public ::testing::Test {
 protected:
  Verification verified(const std::string& name, const std::string& from, const std::string& to) {
    const TemporaryFolder folder;
    fs::copy(oracle(name), folder / name);
    const fs::path file = folder / name / "model.safetensors";
    fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    const auto [place, bytes] = [&] {
      const Checkpoint checkpoint(folder / name);
      const StoredTensor &source = checkpoint.at(from), &target = checkpoint.at(to);
      const auto* begin = reinterpret_cast<const char*>(source.bytes.data());
      return std::pair(target.bytes.data() - target.file->bytes().data(),
                       std::string(begin, std::min(source.bytes.size(), target.bytes.size())));
    }();
    std::fstream(file, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(place)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ThreadPool pool(2);
    return verify(folder / name, {.base = oracle("tiny/mm")}, pool);
  }
  const std::string mlp_ = layer + "mlp.";
};

TEST_F(DamagedOracle, HoldsTheCodesOfAnotherMatrix) {
  for (const std::string name : {"awq_int4_g32", "nvfp4_llmc"}) {
    const Verification result =
        verified(name, mlp_ + "gate_proj.weight_packed", mlp_ + "up_proj.weight_packed");
    EXPECT_FALSE(result.passed()) << name;
    const std::string found = text(result);
    const size_t far = found.find("far_from_base: ");
    ASSERT_NE(far, std::string::npos) << found;
    EXPECT_NE(found.find(mlp_ + "up_proj (", far), std::string::npos) << found;
  }
}

TEST_F(DamagedOracle, HoldsTheScalesOfAnotherMatrix) {
  const std::string found =
      text(verified("nvfp4_llmc", mlp_ + "gate_proj.weight_scale", mlp_ + "up_proj.weight_scale"));
  EXPECT_NE(found.find("warning large_error: " + mlp_ + "up_proj ("), std::string::npos) << found;
}

// What AWQ did to down_proj can be told from up_proj alone.
TEST_F(DamagedOracle, CannotBeComparedWithoutWhatWasBefore) {
  const Verification result =
      verified("awq_int4_g32", mlp_ + "down_proj.weight_shape", mlp_ + "up_proj.weight_shape");
  const std::string found = text(result);
  EXPECT_NE(found.find("error malformed: " + mlp_ + "up_proj: "), std::string::npos) << found;
  EXPECT_NE(found.find("warning not_compared: " + mlp_ + "down_proj: "), std::string::npos)
      << found;
  EXPECT_EQ(found.find("far_from_base"), std::string::npos) << found;
}

// vLLM reads no zero points of a symmetric checkpoint.
TEST(Verify, FindsZeroPointsThatContradictTheConfig) {
  const TemporaryFolder folder;
  ThreadPool pool(2);
  const auto found = [&](const std::string& name, const std::string& pointer, bool symmetric) {
    const auto folders = rounded_folders();
    const auto at =
        std::find_if(folders.begin(), folders.end(), [&](const auto& f) { return f.name == name; });
    write_rounded_folder(*at, oracle("tiny/mm"), folder / name);
    const std::string good = text(verify(folder / name, {}, pool));
    EXPECT_EQ(good.find("metric_zeros"), std::string::npos) << good;
    Json config = Json::parse(read_text_file(folder / name / "config.json"));
    config[Json::json_pointer("/quantization_config/" + pointer)] = symmetric;
    std::ofstream(folder / name / "config.json") << config;
    return text(verify(folder / name, {}, pool));
  };
  const std::string wrong =
      found("int4_asymmetric", "config_groups/group_0/weights/symmetric", true);
  EXPECT_NE(wrong.find("error asymmetric_zeros: " + layer + "linear_attn.in_proj_qkv"),
            std::string::npos)
      << wrong;
  const std::string needless = found("int4_auto_round", "sym", false);
  EXPECT_NE(needless.find("warning symmetric_zeros: " + layer + "linear_attn.in_proj_qkv"),
            std::string::npos)
      << needless;
}

TEST(Verify, FindsNothingInTheBaseModel) {
  ThreadPool pool(2);
  for (const char* name : {"tiny/mm", "tiny/text"}) {
    const Verification result = verify(oracle(name), {.base = oracle(name)}, pool);
    EXPECT_TRUE(result.findings.empty()) << text(result);
  }
}

// A copy of a folder from our writers with something wrong.
class PlantedDefect : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folders = rounded_folders();
    const auto nvfp4 = std::find_if(folders.begin(), folders.end(),
                                    [](const auto& f) { return f.name == "nvfp4_compressed"; });
    write_rounded_folder(*nvfp4, oracle("tiny/mm"), good_);
    checkpoint_.emplace(good_);
    for (const auto& [name, tensor] : checkpoint_->tensors()) tensors_.push_back(carried(*tensor));
    config_ = Json::parse(read_text_file(good_ / "config.json"));
  }

  TensorToWrite& tensor(const std::string& name) {
    return *std::find_if(tensors_.begin(), tensors_.end(),
                         [&](const auto& t) { return t.name == name; });
  }
  std::vector<std::byte> bytes(const std::string& name) const {
    const auto stored = checkpoint_->at(name).bytes;
    return {stored.begin(), stored.end()};
  }
  void replace(const std::string& name, std::vector<std::byte> bytes) {
    TensorToWrite& t = tensor(name);
    t.source = nullptr;
    t.make_bytes = [bytes = std::move(bytes)] { return bytes; };
  }
  void erase(const std::string& start) {
    std::erase_if(tensors_, [&](const auto& t) { return t.name.starts_with(start); });
  }
  Json& ignore() { return config_["quantization_config"]["ignore"]; }
  void erase_from_ignore(const std::string& part) {
    auto& list = ignore().get_ref<Json::array_t&>();
    std::erase_if(
        list, [&](const Json& e) { return e.get<std::string>().find(part) != std::string::npos; });
  }

  // Stored and listed as 16-bit.
  void leave_unquantized(const std::string& module) {
    erase(module + ".");
    tensors_.push_back(carried(base_.at(module + ".weight")));
    std::rotate(tensors_.begin(), tensors_.end() - 1, tensors_.end());
    ignore().push_back(module);
  }

  // The same numbers under ModelOpt's names, whose global scales multiply (formats.md A.7).
  void become_modelopt() {
    const auto rename = [](std::string& name, std::string_view from, std::string_view to) {
      if (!name.ends_with(from)) return false;
      name.replace(name.size() - from.size(), from.size(), to);
      return true;
    };
    for (TensorToWrite& t : tensors_) {
      const std::string stored = t.name;
      rename(t.name, ".weight_packed", ".weight");
      if (!rename(t.name, ".weight_global_scale", ".weight_scale_2") &&
          !rename(t.name, ".input_global_scale", ".input_scale")) {
        continue;
      }
      const float multiplier = 1 / checkpoint_->at(stored).floats()[0];
      std::vector<std::byte> number(4);
      std::memcpy(number.data(), &multiplier, 4);
      replace(t.name, number);
    }
    config_["quantization_config"] = {
        {"quant_method", "modelopt"}, {"quant_algo", "NVFP4"}, {"ignore", ignore()}};
  }

  int64_t total_size() const {
    int64_t bytes = 0;
    for (const auto& [name, tensor] : checkpoint_->tensors()) {
      bytes += static_cast<int64_t>(tensor->bytes.size());
    }
    return bytes;
  }
  // An index of all tensors but `left_out`.
  void write_index(const Json& metadata, const std::string& left_out) {
    Json index = {{"weight_map", Json::object()}};
    if (!metadata.is_null()) index["metadata"] = metadata;
    for (const TensorToWrite& t : tensors_) {
      if (t.name != left_out) index["weight_map"][t.name] = "model.safetensors";
    }
    fs::create_directories(bad_);
    std::ofstream(bad_ / "model.safetensors.index.json") << index;
  }

  Verification verified(const VerifyOptions& options = {}) {
    fs::create_directories(bad_);
    carry_files(good_, bad_);
    std::ofstream(bad_ / "config.json") << config_;
    write_safetensors(bad_ / "model.safetensors", tensors_);
    ThreadPool pool(2);
    return verify(bad_, options, pool);
  }
  void expect(const Verification& result, Severity severity, const std::string& kind,
              const std::string& module) {
    const bool found =
        std::any_of(result.findings.begin(), result.findings.end(), [&](const Finding& f) {
          return f.severity == severity && f.kind == kind &&
                 (module.empty() ||
                  std::any_of(f.modules.begin(), f.modules.end(),
                              [&](const std::string& m) { return m.starts_with(module); }));
        });
    EXPECT_TRUE(found) << kind << " " << module << "\n" << text(result);
    EXPECT_EQ(result.passed(), severity != Severity::error) << text(result);
  }

  const TemporaryFolder folder_;
  const Checkpoint base_{oracle("tiny/mm")};
  const fs::path good_ = folder_ / "good", bad_ = folder_ / "bad";
  std::optional<Checkpoint> checkpoint_;
  std::vector<TensorToWrite> tensors_;
  Json config_;
};

TEST_F(PlantedDefect, NoneIsNoFinding) {
  const Verification result = verified({.base = oracle("tiny/mm")});
  EXPECT_TRUE(result.passed()) << text(result);
  EXPECT_EQ(result.quantized, 25);
}

TEST_F(PlantedDefect, MissingTensor) {
  erase(layer + "linear_attn.A_log");
  expect(verified(), Severity::error, "missing_tensor", layer + "linear_attn.A_log");
}

TEST_F(PlantedDefect, MissingScales) {
  erase(up + ".weight_scale");
  expect(verified(), Severity::error, "malformed", up);
}

TEST_F(PlantedDefect, LostTensorOfTheBaseModel) {
  erase("model.visual.pos_embed.weight");
  expect(verified({.base = oracle("tiny/mm")}), Severity::error, "missing_tensor",
         "model.visual.pos_embed.weight");
}

TEST_F(PlantedDefect, WrongShape) {
  TensorToWrite& t = tensor(norm);
  auto half = bytes(norm);
  half.resize(half.size() / 2);
  t.shape[0] /= 2;
  replace(norm, half);
  expect(verified(), Severity::error, "wrong_shape", norm);
}

TEST_F(PlantedDefect, MtpMissing) {
  erase("mtp.");
  expect(verified(), Severity::error, "mtp_missing", "");
}

TEST_F(PlantedDefect, OneOfFifteenMtpTensorsMissing) {
  erase("mtp.pre_fc_norm_hidden");
  expect(verified(), Severity::error, "missing_tensor", "mtp.pre_fc_norm_hidden");
}

TEST_F(PlantedDefect, NanInANorm) {
  auto values = bytes(norm);
  values[3] = std::byte{0x7F};
  values[2] = std::byte{0xC0};
  replace(norm, values);
  expect(verified(), Severity::error, "not_finite", norm);
}

TEST_F(PlantedDefect, NanInAScale) {
  auto scales = bytes(up + ".weight_scale");
  scales[17] = std::byte{0x7F};
  replace(up + ".weight_scale", scales);
  expect(verified(), Severity::error, "not_finite", up);
}

TEST_F(PlantedDefect, IgnoreListMissesAFusedModule) {
  erase_from_ignore("in_proj_a");
  erase_from_ignore("in_proj_b");
  expect(verified(), Severity::error, "not_ignored", layer + "linear_attn.in_proj_");
}

TEST_F(PlantedDefect, IgnoreListHoldsOnlyTheMembers) {
  erase_from_ignore("in_proj_ba");
  erase_from_ignore("re:.*\\.in_proj");
  expect(verified(), Severity::warning, "fused_name_not_listed", layer + "linear_attn.in_proj_ba");
}

// SGLang then leaves the MTP head's weights out without a word.
TEST_F(PlantedDefect, IgnoreListHoldsOnlyTheMembersOfMtp) {
  erase_from_ignore("mtp");
  for (const char* linear : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                             "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"}) {
    ignore().push_back(std::string("mtp.layers.0.") + linear);
  }
  ignore().push_back("mtp.fc");
  expect(verified(), Severity::error, "fused_name_not_listed", "mtp.layers.0.self_attn.qkv_proj");
}

// vLLM before vllm#47445 took the format of the siblings: shapes fit, logits were corrupt.
TEST_F(PlantedDefect, IgnoreListOfModelOptHoldsOnlyTheMembers) {
  become_modelopt();
  const Verification good = verified();
  EXPECT_TRUE(good.passed()) << text(good);
  EXPECT_EQ(good.quantized, 25);
  erase_from_ignore("in_proj_ba");
  erase_from_ignore("re:.*\\.in_proj");
  expect(verified(), Severity::error, "fused_name_not_listed", layer + "linear_attn.in_proj_ba");
}

TEST_F(PlantedDefect, QuantizedModuleIsIgnored) {
  ignore().push_back(up);
  expect(verified(), Severity::error, "wrongly_ignored", up);
}

TEST_F(PlantedDefect, IgnoreListMissesMtp) {
  erase_from_ignore("mtp");
  expect(verified(), Severity::error, "not_ignored", "mtp.");
}

TEST_F(PlantedDefect, UnequalFusedScales) {
  const float divisor = 4096 * 1.5f;
  std::vector<std::byte> number(4);
  std::memcpy(number.data(), &divisor, 4);
  replace(up + ".weight_global_scale", number);
  const Verification result = verified();
  expect(result, Severity::warning, "unequal_global_scales", layer + "mlp.gate_proj");
  EXPECT_NE(text(result).find("largest / smallest = 1.5"), std::string::npos);
}

// vLLM and SGLang run gate and up as one module.
TEST_F(PlantedDefect, OneMemberOfAFusedModuleIs16Bit) {
  leave_unquantized(up);
  const Verification result = verified();
  expect(result, Severity::error, "fused_formats", up);
  EXPECT_NE(text(result).find("nvfp4, inputs nvfp4 local and bf16"), std::string::npos)
      << text(result);
}

// The tensors alone do not show it.
TEST_F(PlantedDefect, MembersOfAFusedModuleDifferInTheirScheme) {
  Json& groups = config_["quantization_config"]["config_groups"];
  groups["group_1"] = groups["group_0"];
  groups["group_0"]["targets"] = {"re:.*up_proj$"};
  groups["group_0"]["input_activations"] = nullptr;
  erase(up + ".input_global_scale");
  expect(verified(), Severity::error, "fused_formats", layer + "mlp.gate_proj");
}

TEST_F(PlantedDefect, OneMemberOfAFusedModuleIsMalformed) {
  tensor(up + ".weight_packed").shape = {static_cast<int64_t>(bytes(up + ".weight_packed").size())};
  expect(verified(), Severity::error, "malformed", up);
}

// transformers leaves k and v of the tiny model 16-bit, which are no whole blocks.
TEST(Verify, OnlyWarnsOfAMixThatShapesMake) {
  ThreadPool pool(2);
  const Verification result = verify(oracle("fp8_hf_block128"), {}, pool);
  const auto mixed = std::find_if(result.findings.begin(), result.findings.end(),
                                  [](const Finding& f) { return f.kind == "fused_formats"; });
  ASSERT_NE(mixed, result.findings.end());
  EXPECT_EQ(mixed->severity, Severity::warning) << text(result);
}

// Right under any scale: no defect, unless its own is the one that engines give the others.
TEST_F(PlantedDefect, UnequalScaleOfAMatrixOfZeros) {
  replace(up + ".weight_packed", std::vector<std::byte>(bytes(up + ".weight_packed").size()));
  for (const float divisor : {1.0f, 8192.0f}) {
    std::vector<std::byte> number(4);
    std::memcpy(number.data(), &divisor, 4);
    replace(up + ".weight_global_scale", number);
    const std::string found = text(verified());
    EXPECT_EQ(found.find("unequal_global_scales") != std::string::npos, divisor > 4096) << found;
  }
}

TEST_F(PlantedDefect, ScalesOfZeroCollapseTheirGroups) {
  auto scales = bytes(up + ".weight_scale");
  std::fill(scales.begin(), scales.begin() + 40, std::byte{0});
  replace(up + ".weight_scale", scales);
  expect(verified({.base = oracle("tiny/mm")}), Severity::warning, "zero_collapse", up);
  expect(verified(), Severity::warning, "zero_collapse", up);
}

TEST_F(PlantedDefect, SaturatedScales) {
  auto scales = bytes(up + ".weight_scale");
  std::fill(scales.begin(), scales.begin() + 100, std::byte{0x7E});
  replace(up + ".weight_scale", scales);
  expect(verified(), Severity::warning, "saturated_scales", up);
}

TEST_F(PlantedDefect, ChangedNorm) {
  auto values = bytes(norm);
  values[0] ^= std::byte{1};
  replace(norm, values);
  expect(verified({.base = oracle("tiny/mm")}), Severity::warning, "changed", norm);
}

TEST_F(PlantedDefect, AnotherBaseModel) {
  expect(verified({.base = oracle("family/equal_heads")}), Severity::error, "missing_tensor", "");
}

TEST_F(PlantedDefect, TensorOutsideTheIndex) {
  for (const std::string& name : {norm, std::string("mtp.norm.weight")}) {
    write_index({{"total_size", total_size()}}, name);
    expect(verified(), Severity::error, "not_in_index", name);
  }
}

TEST_F(PlantedDefect, IndexWithoutMetadata) {
  write_index(nullptr, "");
  expect(verified(), Severity::error, "index_metadata", "");
}

TEST_F(PlantedDefect, IndexWithAnotherSize) {
  write_index({{"total_size", 7}}, "");
  const Verification result = verified();
  expect(result, Severity::warning, "total_size", "");
  EXPECT_NE(text(result).find("total_size is 7"), std::string::npos) << text(result);
  write_index({{"total_size", total_size()}}, "");
  EXPECT_EQ(text(verified()).find("total_size"), std::string::npos);
}

TEST_F(PlantedDefect, NoTokenizer) {
  verified();
  fs::remove(good_ / "tokenizer.json");
  fs::remove(bad_ / "tokenizer.json");
  expect(verified(), Severity::error, "tokenizer_missing", "");
  std::ofstream(bad_ / "vocab.json") << "{}";
  std::ofstream(bad_ / "merges.txt");
  expect(verified(), Severity::warning, "tokenizer_missing", "");
}

TEST_F(PlantedDefect, FilesOfTheBaseModelThatAreNotHere) {
  fs::remove(good_ / "generation_config.json");
  expect(verified({.base = oracle("tiny/mm")}), Severity::warning, "missing_file",
         "generation_config.json");
}

TEST_F(PlantedDefect, SecondConfigThatSaysOtherwise) {
  fs::create_directories(bad_);
  Json second = config_["quantization_config"];
  std::ofstream(bad_ / "quantization_config.json") << second;
  EXPECT_EQ(text(verified()).find("second_config"), std::string::npos);
  second["ignore"].push_back(up);
  std::ofstream(bad_ / "quantization_config.json") << second;
  expect(verified(), Severity::warning, "second_config", up);
  std::ofstream(bad_ / "quantization_config.json") << "{}";
  expect(verified(), Severity::warning, "second_config", "");
}

TEST_F(PlantedDefect, TruncatedFileIsAnError) {
  verified();
  fs::resize_file(bad_ / "model.safetensors", fs::file_size(bad_ / "model.safetensors") - 1);
  ThreadPool pool(1);
  EXPECT_THROW(verify(bad_, {}, pool), Error);
}

}  // namespace
}  // namespace quantrial

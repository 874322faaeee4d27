#include "model/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
const fs::path oracles = QUANTRIAL_ORACLES;

// A folder with the tiny model's config.json after `edit`.
class ConfigFolder : public ::testing::Test {
 protected:
  void write(const std::string& file, const Json& json) { std::ofstream(dir_ / file) << json; }
  ModelConfig read(const std::function<void(Json&)>& edit) {
    Json json = read_json_object(oracles / "tiny/mm/config.json");
    edit(json);
    write("config.json", json);
    return read_model_config(dir_);
  }
  std::string error_of(const std::function<void(Json&)>& edit) {
    try {
      read(edit);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  const TemporaryFolder folder_;
  const fs::path dir_ = folder_.path();
};

TEST_F(ConfigFolder, ReadsNestedAndFlatConfigsAlike) {
  for (const char* folder : {"tiny/mm", "tiny/text", "nvfp4_llmc"}) {
    const ModelConfig config = read_model_config(oracles / folder);
    EXPECT_EQ(config.hidden_size, 128);
    EXPECT_EQ(config.head_dim, 64);
    EXPECT_EQ(config.rotary_dim, 16);
    EXPECT_EQ(config.rope_theta, 1e7);
    EXPECT_EQ(config.mrope_section, (std::array<int64_t, 3>{3, 3, 2}));
    EXPECT_EQ(config.qkv_rows(), 256);
    EXPECT_EQ(config.mtp_num_hidden_layers, 1);
    EXPECT_EQ(config.eos_token_ids, (std::vector<int32_t>{510, 508}));
    ASSERT_EQ(config.layer_types.size(), 4u);
    EXPECT_EQ(config.layer_types[2], MixerKind::linear_attention);
    EXPECT_EQ(config.layer_types[3], MixerKind::full_attention);
    EXPECT_FALSE(config.tie_word_embeddings);
  }
}

TEST_F(ConfigFolder, TakesWhatReExportsWrite) {
  const ModelConfig config = read([](Json& json) {
    Json& text = json["text_config"];
    text.erase("layer_types");
    text["full_attention_interval"] = 2;
    text["rope_theta"] = 5000;  // flattened
    text["mrope_section"] = {8, 0, 0};
    text.erase("rope_parameters");
    text.erase("mtp_num_hidden_layers");
    text["tie_word_embeddings"] = true;
    json.erase("tie_word_embeddings");
    json.erase("architectures");
    text["eos_token_id"] = {7, 8};
    text["output_gate_type"] = "sigmoid";
  });
  EXPECT_EQ(config.architecture, "Qwen3_5ForConditionalGeneration");
  EXPECT_EQ(config.layer_types[1], MixerKind::full_attention);
  EXPECT_EQ(config.rope_theta, 5000);
  EXPECT_EQ(config.mtp_num_hidden_layers, 0);
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_EQ(config.eos_token_ids, (std::vector<int32_t>{7, 8}));
  EXPECT_EQ(config.output_gate_type, OutputGate::sigmoid);
}

TEST_F(ConfigFolder, NamesKeyAndValueOfWhatItRefuses) {
  const auto set = [](const char* key, const Json& value) {
    return [=](Json& json) { json["text_config"][key] = value; };
  };
  struct Case {
    const char* key;
    Json value;
    const char* message;
  };
  const Case cases[] = {
      {"hidden_size", -3, "text_config.hidden_size: -3, expected an integer from 1"},
      {"hidden_size", int64_t{1} << 40, "hidden_size: 1099511627776"},
      {"hidden_size", "128", "hidden_size: '128'"},
      {"hidden_size", 128.5, "hidden_size: 128.5"},
      {"num_hidden_layers", nullptr, "num_hidden_layers: absent"},
      {"num_key_value_heads", 3, "num_key_value_heads: 3, expected a divisor"},
      {"linear_num_key_heads", 3, "linear_num_key_heads: 3, expected a divisor"},
      {"layer_types", {"linear_attention"}, "layer_types: a list of 1, expected 4 entries"},
      {"layer_types", {"sliding"}, "found 'sliding'"},
      {"hidden_act", "gelu", "hidden_act: 'gelu', expected silu"},
      {"attention_bias", true, "attention_bias: true"},
      {"output_gate_type", "tanh", "output_gate_type: 'tanh'"},
      {"num_experts", 256, "mixture of experts"},
      {"model_type", "qwen3_next", "model_type: 'qwen3_next'"},
      {"rope_parameters", {{"rope_type", "yarn"}, {"factor", 4}}, "rope_type: 'yarn'"},
      {"rope_parameters", {{"rope_type", "default"}}, "rope_theta: absent"},
      {"eos_token_id", 512, "eos_token_id: 512"},
      {"mtp_num_hidden_layers", 2, "mtp_num_hidden_layers: 2"},
      {"rms_norm_eps", 0, "rms_norm_eps: 0"},
  };
  for (const Case& c : cases) {
    const std::string message = error_of(set(c.key, c.value));
    EXPECT_NE(message.find(c.message), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  const std::string moe =
      error_of([](Json& json) { json["architectures"] = {"Qwen3_5MoeForConditionalGeneration"}; });
  EXPECT_NE(moe.find("mixture-of-experts"), std::string::npos) << moe;
  const std::string other =
      error_of([](Json& json) { json["architectures"] = {"LlamaForCausalLM"}; });
  EXPECT_NE(other.find("found 'LlamaForCausalLM'"), std::string::npos) << other;
}

TEST_F(ConfigFolder, ReadsSamplingDefaultsAndDoesWithoutThem) {
  const GenerationDefaults stored = read_generation_defaults(oracles / "tiny/mm");
  EXPECT_EQ(stored.top_k, 20);
  EXPECT_EQ(stored.top_p, 0.95);
  const GenerationDefaults silent = read_generation_defaults(dir_);
  EXPECT_EQ(silent.top_k, 0);
  EXPECT_EQ(silent.temperature, 1.0);
  write("generation_config.json", Json{{"top_k", -1}, {"temperature", "hot"}});
  EXPECT_THROW(read_generation_defaults(dir_), Error);
}

}  // namespace
}  // namespace quantrial

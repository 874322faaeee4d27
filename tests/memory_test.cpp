// What the engine promises about memory (issue 3), on checkpoints that are holes in a file: opening
// a model of 27B touches next to nothing of it, which is what makes it fast, and a run stays within
// weights, state and 200 MB.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/temporary_folder.h"
#include "engine/engine.h"
#include "engine/memory_plan.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int64_t MB = 1'000'000;

// Sizes of Qwen3.6-27B (model.md 1.1), of which a test changes some.
Json config_27b() {
  return {{"architectures", {"Qwen3_5ForCausalLM"}},
          {"hidden_size", 5120},
          {"intermediate_size", 17408},
          {"num_hidden_layers", 64},
          {"vocab_size", 248320},
          {"num_attention_heads", 24},
          {"num_key_value_heads", 4},
          {"head_dim", 256},
          {"full_attention_interval", 4},
          {"linear_num_key_heads", 16},
          {"linear_num_value_heads", 48},
          {"linear_key_head_dim", 128},
          {"linear_value_head_dim", 128},
          {"linear_conv_kernel_dim", 4},
          {"rope_theta", 1e7},
          {"partial_rotary_factor", 0.25},
          {"mtp_num_hidden_layers", 1},
          {"max_position_embeddings", 262144},
          {"rms_norm_eps", 1e-6},
          {"tie_word_embeddings", false}};
}

// A folder with config.json and a BF16 model.safetensors whose numbers are all zero and take no
// room on the disk.
class HollowCheckpoint {
 public:
  explicit HollowCheckpoint(const Json& config) {
    std::ofstream(folder_ / "config.json") << config;
    add_tensors(config);
    std::string header = header_.dump();
    header.resize((header.size() + 7) / 8 * 8, ' ');  // as the safetensors library aligns the data
    const auto length = static_cast<uint64_t>(header.size());
    const fs::path file = folder_ / "model.safetensors";
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(&length), sizeof length)
        .write(header.data(), static_cast<std::streamsize>(length));
    fs::resize_file(file, sizeof length + length + static_cast<uint64_t>(bytes_));
  }
  const fs::path& dir() const { return folder_.path(); }
  int64_t bytes() const { return bytes_; }

 private:
  void add(const std::string& name, const std::vector<int64_t>& shape) {
    int64_t end = bytes_ + 2;
    for (const int64_t size : shape) end = bytes_ + (end - bytes_) * size;
    header_[name] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {bytes_, end}}};
    bytes_ = end;
  }
  void add_mlp(const std::string& prefix, const Json& c) {
    const int64_t H = c["hidden_size"], I = c["intermediate_size"];
    add(prefix + "input_layernorm.weight", {H});
    add(prefix + "post_attention_layernorm.weight", {H});
    add(prefix + "mlp.gate_proj.weight", {I, H});
    add(prefix + "mlp.up_proj.weight", {I, H});
    add(prefix + "mlp.down_proj.weight", {H, I});
  }
  void add_attention(const std::string& prefix, const Json& c) {
    const int64_t H = c["hidden_size"], D = c["head_dim"];
    const int64_t q = D * c["num_attention_heads"].get<int64_t>();
    const int64_t kv = D * c["num_key_value_heads"].get<int64_t>();
    add(prefix + "self_attn.q_proj.weight", {2 * q, H});
    add(prefix + "self_attn.k_proj.weight", {kv, H});
    add(prefix + "self_attn.v_proj.weight", {kv, H});
    add(prefix + "self_attn.o_proj.weight", {H, q});
    add(prefix + "self_attn.q_norm.weight", {D});
    add(prefix + "self_attn.k_norm.weight", {D});
  }
  void add_linear_attention(const std::string& prefix, const Json& c) {
    const int64_t H = c["hidden_size"], heads = c["linear_num_value_heads"];
    const int64_t D_v = c["linear_value_head_dim"], D_k = c["linear_key_head_dim"];
    const int64_t C = 2 * D_k * c["linear_num_key_heads"].get<int64_t>() + heads * D_v;
    add(prefix + "linear_attn.in_proj_qkv.weight", {C, H});
    add(prefix + "linear_attn.in_proj_z.weight", {heads * D_v, H});
    add(prefix + "linear_attn.in_proj_a.weight", {heads, H});
    add(prefix + "linear_attn.in_proj_b.weight", {heads, H});
    add(prefix + "linear_attn.out_proj.weight", {H, heads * D_v});
    add(prefix + "linear_attn.conv1d.weight", {C, 1, 4});
    add(prefix + "linear_attn.A_log", {heads});
    add(prefix + "linear_attn.dt_bias", {heads});
    add(prefix + "linear_attn.norm.weight", {D_v});
  }
  void add_tensors(const Json& c) {
    const int64_t H = c["hidden_size"], V = c["vocab_size"];
    const int64_t layers = c["num_hidden_layers"], interval = c["full_attention_interval"];
    add("model.embed_tokens.weight", {V, H});
    add("model.norm.weight", {H});
    add("lm_head.weight", {V, H});
    for (int64_t i = 0; i < layers; ++i) {
      const std::string prefix = fmt::format("model.layers.{}.", i);
      add_mlp(prefix, c);
      (i + 1) % interval == 0 ? add_attention(prefix, c) : add_linear_attention(prefix, c);
    }
    add("mtp.fc.weight", {H, 2 * H});
    for (const char* norm : {"pre_fc_norm_embedding", "pre_fc_norm_hidden", "norm"}) {
      add(fmt::format("mtp.{}.weight", norm), {H});
    }
    add_mlp("mtp.layers.0.", c);
    add_attention("mtp.layers.0.", c);
  }

  const TemporaryFolder folder_;
  Json header_ = Json::object();
  int64_t bytes_ = 0;
};

// Opening reads the header and the small tensors (norms, convolutions) and none of the matrices:
// what is resident, mapped pages counted, grows by less than a thousandth of the file.
TEST(Memory, OpeningAModelOf50GBTouchesNoWeights) {
  const HollowCheckpoint checkpoint(config_27b());
  ASSERT_GT(checkpoint.bytes(), int64_t{50} * 1000 * MB);
  const auto backend = make_cpu_backend({.threads = 2});
  const int64_t before = resident_memory_bytes();
  const auto start = std::chrono::steady_clock::now();
  const auto model = load_model(checkpoint.dir(), *backend);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const int64_t grown = resident_memory_bytes() - before;
  RecordProperty("seconds", std::to_string(seconds.count()));
  RecordProperty("resident_bytes", std::to_string(grown));
  EXPECT_LT(grown, checkpoint.bytes() / 1000);
  EXPECT_EQ(model->bytes().weights / 1000 / MB, checkpoint.bytes() / 1000 / MB);
}

// A vocabulary of full size, whose logits are the largest buffer; the rest is small for speed.
TEST(Memory, ARunStaysWithinWeightsStateAnd200MB) {
  Json config = config_27b();
  config.update({{"hidden_size", 128},
                 {"intermediate_size", 256},
                 {"num_hidden_layers", 4},
                 {"num_attention_heads", 4},
                 {"linear_num_key_heads", 2},
                 {"linear_num_value_heads", 4}});
  const HollowCheckpoint checkpoint(config);
  const auto backend = make_cpu_backend({.threads = 2});
  const auto model = load_model(checkpoint.dir(), *backend);
  const MemoryPlan plan =
      plan_memory(model->config(), model->bytes(), backend->kv_dtype(),
                  {.concurrency = 8, .context_tokens = 1024, .draft_tokens = 3}, int64_t{8} << 30);
  Engine engine(*model, nullptr, plan.engine);
  std::vector<Request> requests;
  for (int32_t i = 0; i < 8; ++i) {
    requests.push_back({.prompt = std::vector<int32_t>(600, i), .max_tokens = 8});
    requests.back().draft_tokens = 3;
    requests.back().sampling.temperature = 0;
  }
  generate(engine, std::move(requests));
  RecordProperty("resident_MB", std::to_string(resident_memory_bytes() / MB));
  EXPECT_LE(resident_memory_bytes(), plan.weights + plan.kv + plan.recurrent + 200 * MB);
}

}  // namespace
}  // namespace quantrial

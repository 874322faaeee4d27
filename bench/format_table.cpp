// What `make study` shows until the study exists: the engine on one checkpoint of each format, one
// row each with format, bytes, bits per weight, KL against BF16 and tokens per second.
//   format_table PROMPTS.json BASE_DIR CHECKPOINT_DIR...
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/mapped_file.h"
#include "base/seconds_since.h"
#include "formats/read_weight.h"
#include "model/model.h"

namespace quantrial {
namespace {

using Logits = std::vector<std::vector<float>>;  // one row a token

struct Row {
  std::string name, formats;
  int64_t bytes = 0, parameters = 0;
  double kl = 0, prefill_per_s = 0, decode_per_s = 0;
};

Logits all_logits(Model& model, const std::vector<int32_t>& tokens) {
  const auto T = static_cast<int64_t>(tokens.size());
  const auto pool = model.make_state_pool({.max_sequences = 1, .max_tokens = T});
  const auto state = pool->create();
  require(pool->reserve(*state, T), "format_table: no room");
  const SequenceInput input{
      .state = state.get(), .tokens = tokens, .chunked_tokens = T / delta_chunk * delta_chunk};
  model.forward(*pool, std::span(&input, 1));
  Logits logits;
  for (int64_t t = 0; t < T; ++t) {
    const auto row = model.logits(std::span(&t, 1));
    logits.emplace_back(row.span().begin(), row.span().end());
  }
  return logits;
}

// KL(p || q) in nats of two rows of logits.
double kl(const std::vector<float>& p, const std::vector<float>& q) {
  const auto log_sum = [](const std::vector<float>& row) {
    double largest = -INFINITY, sum = 0;
    for (const float v : row) largest = std::max(largest, double{v});
    for (const float v : row) sum += std::exp(v - largest);
    return largest + std::log(sum);
  };
  const double p_norm = log_sum(p), q_norm = log_sum(q);
  double total = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    total += std::exp(p[i] - p_norm) * ((p[i] - p_norm) - (q[i] - q_norm));
  }
  return total;
}

// Tokens a second: a prompt in one piece, then one token at a time. The best of some rounds, since
// each takes milliseconds and whatever else runs on the machine only slows them down.
void measure_speed(Model& model, Row& row) {
  constexpr int rounds = 10;
  constexpr int64_t prompt = 256, generated = 64;
  const std::vector<int32_t> tokens(prompt, 1);
  const auto pool = model.make_state_pool({.max_sequences = 1, .max_tokens = 512});
  const int64_t last = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto state = pool->create();
    require(pool->reserve(*state, prompt + generated), "format_table: no room");
    auto start = std::chrono::steady_clock::now();
    const SequenceInput all{.state = state.get(), .tokens = tokens, .chunked_tokens = prompt};
    model.forward(*pool, std::span(&all, 1));
    row.prefill_per_s = std::max(row.prefill_per_s, prompt / seconds_since(start));
    start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < generated; ++i) {
      const SequenceInput one{.state = state.get(), .tokens = std::span(tokens).first(1)};
      model.forward(*pool, std::span(&one, 1));
      model.logits(std::span(&last, 1));
    }
    row.decode_per_s = std::max(row.decode_per_s, generated / seconds_since(start));
  }
}

// Formats in the checkpoint and the parameters of its matrices, vision tower apart.
void describe(const std::filesystem::path& dir, Row& row) {
  const Checkpoint checkpoint(dir);
  const auto config = QuantizationConfig::read(dir);
  std::map<std::string, int64_t> bytes_by_format;
  for (const std::string& module : matrix_modules(checkpoint)) {
    if (module.find(".visual.") != std::string::npos) continue;
    const Weight weight = read_weight(checkpoint, config, module);
    bytes_by_format[std::string(format_name(weight))] += bytes(weight);
    row.parameters += rows(weight) * columns(weight);
    row.bytes += bytes(weight);
  }
  for (const auto& [format, bytes] : bytes_by_format) {
    row.formats += fmt::format("{}{} {:.0f} %", row.formats.empty() ? "" : ", ", format,
                               100.0 * static_cast<double>(bytes) / static_cast<double>(row.bytes));
  }
}

int run(std::span<char*> arguments) {
  if (arguments.size() < 2) {
    std::fprintf(stderr, "usage: format_table PROMPTS.json BASE_DIR [CHECKPOINT_DIR...]\n");
    return 2;
  }
  const auto prompts = nlohmann::json::parse(read_text_file(arguments[0]));
  std::map<std::string, Logits> base;
  fmt::print("{:<34} {:>8} {:>9} {:>9} {:>9} {:>9}  {}\n", "checkpoint", "KB", "bits/w", "KL nats",
             "prefill/s", "decode/s", "stored as");
  for (char* dir : arguments.subspan(1)) {
    Row row;
    row.name = std::filesystem::path(dir).filename().string();
    describe(dir, row);
    const auto backend = make_cpu_backend({});
    const auto model = load_model(dir, *backend);
    double tokens = 0;
    for (const auto& [name, ids] : prompts.items()) {
      const Logits logits = all_logits(*model, ids.get<std::vector<int32_t>>());
      const Logits& expected = base.try_emplace(name, logits).first->second;
      for (size_t t = 0; t < logits.size(); ++t) row.kl += kl(expected[t], logits[t]);
      tokens += static_cast<double>(logits.size());
    }
    measure_speed(*model, row);
    fmt::print("{:<34} {:>8.0f} {:>9.2f} {:>9.5f} {:>9.0f} {:>9.0f}  {}\n", row.name,
               static_cast<double>(row.bytes) / 1000,
               8.0 * static_cast<double>(row.bytes) / static_cast<double>(row.parameters),
               row.kl / tokens, row.prefill_per_s, row.decode_per_s, row.formats);
  }
  return 0;
}

}  // namespace
}  // namespace quantrial

int main(int argc, char** argv) {
  try {
    return quantrial::run({argv + 1, static_cast<size_t>(argc - 1)});
  } catch (const quantrial::Error& error) {
    std::fprintf(stderr, "format_table: error: %s\n", error.what());
    return 1;
  }
}

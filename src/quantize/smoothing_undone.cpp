#include "quantize/smoothing_undone.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/module_class.h"
#include "formats/read_weight.h"
#include "quantize/export.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

// llm-compressor rounds 1 + w to bfloat16 and back even where it smooths nothing: 2^-8 at most.
constexpr float rounding_of_gains = 0.02f;

constexpr std::string_view mixer_norm = "input_layernorm", mlp_norm = "post_attention_layernorm";
constexpr std::array<std::string_view, 7> mixer_readers = {
    "q_proj", "k_proj", "v_proj", "in_proj_qkv", "in_proj_z", "in_proj_a", "in_proj_b"};

// "model.layers.3." of "model.layers.3.mlp.up_proj"; empty outside the decoder's layers.
std::string block_of(const std::string& module) {
  const size_t part = module.rfind('.', module.rfind('.') - 1);
  if (!module.starts_with("model.") || part == std::string::npos) return {};
  return module.find(".layers.") == std::string::npos ? "" : module.substr(0, part + 1);
}

// Whether the run that wrote the folder smoothed; nothing when it does not say.
std::optional<bool> said_in_report(const std::filesystem::path& dir) {
  if (!is_present(dir / report_name)) return std::nullopt;
  const Json report = Json::parse(read_text_file(dir / report_name), nullptr, false);
  const auto algorithm = Json::json_pointer("/made_from/recipe/algorithm");
  if (!report.is_object() || !report.contains(algorithm)) return std::nullopt;
  return report[algorithm] == "awq";
}

// <a, b> / <b, b>: how much of b's row there is in a's; 1 where a is another row, not b scaled.
float share_of(std::span<const float> a, std::span<const float> b) {
  double product = 0, a_square = 0, b_square = 0;
  for (size_t k = 0; k < b.size(); ++k) {
    product += double{a[k]} * b[k];
    a_square += double{a[k]} * a[k];
    b_square += double{b[k]} * b[k];
  }
  const bool is_scaled = product > 0 && product * product > 0.5 * a_square * b_square;
  const auto share = static_cast<float>(product / b_square);
  return is_scaled && std::isfinite(share) && share > 0 ? share : 1;
}

}  // namespace

SmoothingUndone::SmoothingUndone(ReadableModel model, ReadableModel base, ThreadPool& pool)
    : model_(model), base_(base), pool_(pool) {
  smoothed_ = said_in_report(model.checkpoint.dir()).value_or(has_smoothed_norm());
}

bool SmoothingUndone::explains(const std::string& tensor) const {
  if (!smoothed_ || !tensor.ends_with(".weight")) return false;
  const std::string module = tensor.substr(0, tensor.size() - 7);
  const std::string_view last = last_component(module);
  return !block_of(module + ".x").empty() && (last == mixer_norm || last == mlp_norm);
}

bool SmoothingUndone::has_smoothed_norm() const {
  for (const auto& [name, tensor] : model_.checkpoint.tensors()) {
    if (!name.starts_with("model.") || (!name.ends_with("input_layernorm.weight") &&
                                        !name.ends_with("post_attention_layernorm.weight"))) {
      continue;
    }
    const std::vector<float> ratios = gain_ratios(name);
    if (std::any_of(ratios.begin(), ratios.end(),
                    [](float r) { return std::abs(r - 1) > rounding_of_gains; })) {
      return true;
    }
  }
  return false;
}

// Of each channel, (1 + w') / (1 + w): what the columns that read the norm are multiplied by to
// take its factor back. Empty where there is nothing to compare.
std::vector<float> SmoothingUndone::gain_ratios(const std::string& norm) const {
  const StoredTensor* written = model_.checkpoint.find(norm);
  const StoredTensor* base = base_.checkpoint.find(norm);
  if (written == nullptr || base == nullptr || written->shape != base->shape) return {};
  std::vector<float> ratios = written->floats();
  const std::vector<float> gains = base->floats();
  for (size_t k = 0; k < ratios.size(); ++k) {
    const float ratio = (1 + ratios[k]) / (1 + gains[k]);
    ratios[k] = std::isfinite(ratio) && ratio != 0 ? ratio : 1;
  }
  return ratios;
}

// What is left of each row of up_proj, which down_proj makes up for: the best fit to the base's.
// Empty where it cannot be told: a matrix that is absent or malformed has findings of its own.
const std::vector<float>& SmoothingUndone::row_shares(const std::string& block) {
  if (const auto known = row_shares_.find(block); known != row_shares_.end()) return known->second;
  row_shares_.clear();
  std::vector<float>& shares = row_shares_[block];
  try {
    shares = fitted_shares(block);
  } catch (const Error&) {
    return shares;
  }
  return shares;
}

std::vector<float> SmoothingUndone::fitted_shares(const std::string& block) const {
  const std::string up = block + "mlp.up_proj";
  const Weight weight = read_weight(model_.checkpoint, model_.quantization, up, pool_);
  const Weight base = read_weight(base_.checkpoint, base_.quantization, up, pool_);
  if (rows(weight) != rows(base) || columns(weight) != columns(base)) return {};
  const std::vector<float> ratios = gain_ratios(block + std::string(mlp_norm) + ".weight");
  const auto K = static_cast<size_t>(columns(weight));
  std::vector<float> shares(static_cast<size_t>(rows(weight)));
  pool_.parallel_for(rows(weight), [&](int64_t n, int) {
    std::vector<float> row(K), original(K);
    decode_row(weight, n, row);
    decode_row(base, n, original);
    if (ratios.size() == K) {
      for (size_t k = 0; k < K; ++k) row[k] *= ratios[k];
    }
    shares[static_cast<size_t>(n)] = share_of(row, original);
  });
  return shares;
}

std::optional<Factors> SmoothingUndone::factors(const std::string& module) {
  const std::string block = block_of(module);
  if (!smoothed_ || block.empty()) return Factors{};
  const std::string_view last = last_component(module);
  if (last == "down_proj") {
    const std::vector<float>& shares = row_shares(block);
    return shares.empty() ? std::nullopt : std::optional<Factors>({.rows = {}, .columns = shares});
  }
  Factors factors;
  if (last == "gate_proj" || last == "up_proj") {
    factors.columns = gain_ratios(block + std::string(mlp_norm) + ".weight");
  } else if (std::find(mixer_readers.begin(), mixer_readers.end(), last) != mixer_readers.end()) {
    factors.columns = gain_ratios(block + std::string(mixer_norm) + ".weight");
  }
  if (last == "up_proj") {
    factors.rows = row_shares(block);
    for (float& share : factors.rows) share = 1 / share;
  }
  return factors;
}

}  // namespace quantrial

// The unpacked reference outputs (tests/oracles/README.md) and what tests do with them.
#pragma once

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "model/model.h"
#include "tensor/checkpoint.h"
#include "tests/tolerance.h"

namespace quantrial::oracle {

inline std::filesystem::path folder(const std::string& name) {
  return std::filesystem::path(QUANTRIAL_ORACLES) / name;
}

inline nlohmann::json json(const std::string& file) {
  return nlohmann::json::parse(read_text_file(folder(file)));
}

inline std::vector<int32_t> prompt(const std::string& name) {
  return json("tiny/prompts.json").at(name).get<std::vector<int32_t>>();
}

// One tensor of an oracle file, as floats.
struct Matrix {
  std::vector<float> values;
  int64_t rows = 0, columns = 0;

  std::span<const float> row(int64_t i) const {
    return std::span(values).subspan(static_cast<size_t>(i * columns),
                                     static_cast<size_t>(columns));
  }
  bool empty() const { return values.empty(); }
};

inline Matrix tensor(const std::string& file, const std::string& name) {
  const SafetensorsFile stored(folder(file));
  for (const StoredTensor& t : stored.tensors()) {
    if (t.name == name) return {t.floats(), t.elements() / t.shape.back(), t.shape.back()};
  }
  return {};
}

// Everything of one prompt in one pass: logits after each token, and the MTP head's drafts.
struct Run {
  Matrix logits, hidden;
  Matrix mtp_logits;  // row i from the hidden state at i and token i + 1; one row less
};

inline Matrix copied(View<const float, 2> view) {
  return {std::vector<float>(view.span().begin(), view.span().end()), view.shape(0), view.shape(1)};
}

inline Run run_prompt(Model& model, const std::vector<int32_t>& tokens) {
  const auto T = static_cast<int64_t>(tokens.size());
  const auto pool = model.make_state_pool({.max_sequences = 1, .max_tokens = T + 1});
  const auto state = pool->create();
  require(pool->reserve(*state, T), "oracle: no room");
  std::vector<int64_t> rows;
  for (int64_t t = 0; t < T; ++t) rows.push_back(t);
  const SequenceInput input{
      .state = state.get(), .tokens = tokens, .chunked_tokens = T / delta_chunk * delta_chunk};
  model.forward(*pool, std::span(&input, 1));
  Run run{.logits = copied(model.logits(rows)), .hidden = copied(model.hidden()), .mtp_logits = {}};
  if (model.has_mtp() && T > 1) {
    const MtpInput mtp{.state = state.get(), .next_tokens = std::span(tokens).subspan(1)};
    model.mtp_forward(*pool, std::span(&mtp, 1), MtpSource::model);
    rows.pop_back();
    run.mtp_logits = copied(model.mtp_logits(rows));
  }
  return run;
}

// Largest difference over the rows of `ours`, relative to the largest expected number; infinity
// when `expected` has fewer numbers or either holds one that is not finite.
inline double relative_difference(const Matrix& ours, const Matrix& expected) {
  double difference = 0, largest = 0;
  if (ours.values.empty() || ours.values.size() > expected.values.size()) return INFINITY;
  for (size_t i = 0; i < ours.values.size(); ++i) {
    if (!std::isfinite(ours.values[i]) || !std::isfinite(expected.values[i])) return INFINITY;
    difference = std::max(difference, std::abs(double{ours.values[i]} - expected.values[i]));
    largest = std::max(largest, std::abs(double{expected.values[i]}));
  }
  return difference / largest;
}

// Mean over rows of KL(p || q) in nats, p and q softmaxes of logits.
inline double mean_kl(const Matrix& p, const Matrix& q) {
  const auto log_sum = [](std::span<const float> row) {
    double largest = -INFINITY, sum = 0;
    for (const float v : row) largest = std::max(largest, double{v});
    for (const float v : row) sum += std::exp(v - largest);
    return largest + std::log(sum);
  };
  double total = 0;
  for (int64_t t = 0; t < p.rows; ++t) {
    const double p_norm = log_sum(p.row(t)), q_norm = log_sum(q.row(t));
    for (int64_t v = 0; v < p.columns; ++v) {
      const double log_p = p.row(t)[static_cast<size_t>(v)] - p_norm;
      const double log_q = q.row(t)[static_cast<size_t>(v)] - q_norm;
      total += std::exp(log_p) * (log_p - log_q);
    }
  }
  return total / static_cast<double>(p.rows);
}

}  // namespace quantrial::oracle

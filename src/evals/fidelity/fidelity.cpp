#include "evals/fidelity/fidelity.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/sha256.h"
#include "engine/logit_rows.h"

namespace quantrial {
namespace {

class Comparison {
 public:
  Comparison(const ForcedModel& base, const ForcedModel& model, std::span<const FidelityText> texts,
             const SamplingParameters& sampling, ThreadPool& pool)
      : names_{base.name, model.name},
        base_(base.model, longest(texts), base.rows),
        model_(model.model, longest(texts), model.rows),
        sampling_(sampling),
        pool_(pool) {}

  void run(int64_t sequence, const FidelityText& text,
           const std::function<void(int64_t)>& predicted) {
    base_.start(text.tokens);
    model_.start(text.tokens);
    int64_t done = 0;
    while (const int64_t rows = base_.forward()) {
      require(model_.forward() == rows, "both models take steps of the same rows");
      // The last token of the text predicts nothing that is known.
      const int64_t last = static_cast<int64_t>(text.tokens.size()) - 1;
      compare_rows(sequence, text, done, std::min(rows, last - done), predicted);
      done += rows;
    }
  }

  std::vector<TokenFidelity> take() { return std::move(tokens_); }

 private:
  // Rows [0, rows) of the last forward(), which stand at `done` in the text.
  void compare_rows(int64_t sequence, const FidelityText& text, int64_t done, int64_t rows,
                    const std::function<void(int64_t)>& predicted) {
    const int64_t most = max_logit_rows(base_.model().config().vocab_size);
    for (int64_t first = 0; first < rows; first += most) {
      const int64_t count = std::min(most, rows - first);
      const View<const float, 2> p = base_.logits(first, count), q = model_.logits(first, count);
      const size_t before = tokens_.size();
      tokens_.resize(before + static_cast<size_t>(count));
      pool_.parallel_for(count, [&](int64_t i, int) {
        const int64_t position = done + first + i + 1;
        const auto at = static_cast<size_t>(position);
        tokens_[before + static_cast<size_t>(i)] = {
            .sequence = sequence,
            .position = position,
            .segment = text.segments[at],
            .logits = compare_logits(p[i].span(), q[i].span(), text.tokens[at], sampling_)};
      });
      check(std::span(tokens_).subspan(before), text);
      predicted(count);
    }
  }

  void check(std::span<const TokenFidelity> tokens, const FidelityText& text) const {
    for (const TokenFidelity& token : tokens) {
      if (std::isfinite(token.logits.kl)) continue;
      const bool base_is_finite = std::isfinite(token.logits.base_nll);
      throw Error("{}: its logits after {} tokens of {} are not finite; see `quantrial verify`",
                  names_[base_is_finite ? 1 : 0], token.position, text.source);
    }
  }

  std::string names_[2];
  ForcedLogits base_, model_;
  SamplingParameters sampling_;
  ThreadPool& pool_;
  std::vector<TokenFidelity> tokens_;
};

}  // namespace

int64_t predicted_tokens(std::span<const FidelityText> texts) {
  int64_t tokens = 0;
  for (const FidelityText& text : texts) tokens += static_cast<int64_t>(text.tokens.size()) - 1;
  return tokens;
}

int64_t longest(std::span<const FidelityText> texts) {
  int64_t tokens = 0;
  for (const auto& text : texts)
    tokens = std::max(tokens, static_cast<int64_t>(text.tokens.size()));
  return tokens;
}

int64_t prompt_length(const FidelityText& text) {
  const auto reply = std::find_if(text.segments.begin(), text.segments.end(),
                                  [](TextSegment s) { return s != TextSegment::prompt; });
  return reply - text.segments.begin();
}

std::string tokens_sha256(std::span<const FidelityText> texts) {
  auto tokens = nlohmann::ordered_json::array();
  for (const FidelityText& text : texts) tokens.push_back(text.tokens);
  return Sha256::hex(tokens.dump());
}

std::vector<TokenFidelity> compare_models(const ForcedModel& base, const ForcedModel& model,
                                          std::span<const FidelityText> texts,
                                          const SamplingParameters& sampling, ThreadPool& pool,
                                          const std::function<void(int64_t)>& predicted) {
  const int64_t base_words = base.model.config().vocab_size;
  const int64_t words = model.model.config().vocab_size;
  if (base_words != words) {
    throw Error("{}: vocabulary of {}, the base {} has {}; give the checkpoint it was made from",
                model.name, words, base.name, base_words);
  }
  Comparison comparison(base, model, texts, sampling, pool);
  for (size_t i = 0; i < texts.size(); ++i) {
    comparison.run(static_cast<int64_t>(i), texts[i], predicted);
  }
  return comparison.take();
}

}  // namespace quantrial

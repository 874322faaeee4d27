#include "evals/speed/offline_acceptance.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/logit_rows.h"
#include "evals/figures.h"
#include "evals/sampled_distribution.h"
#include "statistics/distributions.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
using statistics::Interval;

// Row t of the model is the distribution of token t + 1, whose draft is the MTP head's row t - 1.
class Acceptance {
 public:
  Acceptance(const ForcedModel& model, std::span<const FidelityText> texts,
             const SamplingParameters& sampling, ThreadPool& pool)
      : forced_(model.model, longest(texts), model.rows),
        words_(static_cast<size_t>(model.model.config().vocab_size)),
        sampling_(sampling),
        pool_(pool) {}

  TextAcceptance of(const FidelityText& text, const std::function<void(int64_t)>& predicted) {
    TextAcceptance sums;
    forced_.start(text.tokens);
    draft_before_.clear();
    int64_t done = 0;
    while (const int64_t rows = forced_.forward()) {
      const int64_t drafts = forced_.forward_drafts();
      for (int64_t first = 0; first < drafts; first += batch_rows()) {
        const int64_t count = std::min(batch_rows(), drafts - first);
        take_drafts(first, count);
        add(text, done + first, first, count, sums);
        predicted(count);
      }
      done += rows;
    }
    return sums;
  }

 private:
  int64_t batch_rows() const { return max_logit_rows(static_cast<int64_t>(words_)); }

  // drafts_ holds the rows before `first` .. `first + count - 1` of this step: that of row first -
  // 1 came last time.
  void take_drafts(int64_t first, int64_t count) {
    const View<const float, 2> rows = forced_.draft_logits(first, count);
    drafts_ = draft_before_;
    drafts_.insert(drafts_.end(), rows.span().begin(), rows.span().end());
    draft_before_.assign(drafts_.end() - static_cast<std::ptrdiff_t>(words_), drafts_.end());
  }

  // Rows [first, first + count) of this step; the first stands at `position` in the text.
  void add(const FidelityText& text, int64_t position, int64_t first, int64_t count,
           TextAcceptance& sums) {
    const View<const float, 2> logits = forced_.logits(first, count);
    const int64_t skipped = position == 0 ? 1 : 0;  // nothing drafts the second token
    tokens_.assign(static_cast<size_t>(count), {});
    pool_.parallel_for(count - skipped, [&](int64_t i, int) {
      const auto row = static_cast<size_t>(i + skipped);
      if (text.segments[static_cast<size_t>(position) + row + 1] == TextSegment::prompt) return;
      const auto draft =
          std::span<const float>(drafts_).subspan(static_cast<size_t>(i) * words_, words_);
      const SampledDistribution p = sampled_distribution(logits[i + skipped].span(), sampling_);
      const SampledDistribution q = sampled_distribution(draft, sampling_);
      tokens_[row] = {.tokens = 1,
                      .one_minus_tv = 1 - total_variation(p, q),
                      .same_noise = same_noise_agreement(p, q)};
    });
    for (const TextAcceptance& token : tokens_) {
      sums.tokens += token.tokens;
      sums.one_minus_tv += token.one_minus_tv;
      sums.same_noise += token.same_noise;
    }
  }

  ForcedLogits forced_;
  size_t words_;
  SamplingParameters sampling_;
  ThreadPool& pool_;
  std::vector<float> drafts_, draft_before_;  // rows of logits
  std::vector<TextAcceptance> tokens_;        // scratch
};

// Mean over all tokens; error clustered by text (evaluation.md 2.2), t with C - 1 degrees.
template <typename SumOf>
ordered_json clustered_mean(std::span<const TextAcceptance> texts, SumOf sum_of) {
  double tokens = 0, sum = 0, clusters = 0;
  for (const TextAcceptance& text : texts) {
    tokens += static_cast<double>(text.tokens);
    sum += sum_of(text);
    clusters += text.tokens > 0 ? 1 : 0;
  }
  const double mean = sum / tokens;
  if (clusters < 2) return {{"value", mean}, {"lo", nullptr}, {"hi", nullptr}};
  double squares = 0;
  for (const TextAcceptance& text : texts) {
    const double deviation = sum_of(text) - mean * static_cast<double>(text.tokens);
    squares += deviation * deviation;
  }
  const double error = std::sqrt(clusters / (clusters - 1) * squares) / tokens;
  const double half =
      error * statistics::student_t_quantile(0.5 + statistics::confidence / 2, clusters - 1);
  return figure(Interval{mean, std::max(0.0, mean - half), std::min(1.0, mean + half)});
}

}  // namespace

std::vector<TextAcceptance> offline_acceptance(const ForcedModel& model,
                                               std::span<const FidelityText> texts,
                                               const SamplingParameters& sampling, ThreadPool& pool,
                                               const std::function<void(int64_t)>& predicted) {
  if (!model.model.has_mtp()) {
    throw Error("{}: no mtp.* tensors, so nothing drafts; use a checkpoint with its MTP head",
                model.name);
  }
  Acceptance acceptance(model, texts, sampling, pool);
  std::vector<TextAcceptance> sums;
  for (const FidelityText& text : texts) sums.push_back(acceptance.of(text, predicted));
  return sums;
}

ordered_json offline_figures(std::span<const TextAcceptance> texts) {
  int64_t tokens = 0;
  for (const TextAcceptance& text : texts) tokens += text.tokens;
  if (tokens == 0) return nullptr;
  return {{"one_minus_tv",
           clustered_mean(texts, [](const TextAcceptance& text) { return text.one_minus_tv; })},
          {"same_noise",
           clustered_mean(texts, [](const TextAcceptance& text) { return text.same_noise; })},
          {"tokens", tokens}};
}

ordered_json to_json(std::span<const TextAcceptance> texts) {
  ordered_json list = ordered_json::array();
  for (const TextAcceptance& text : texts) {
    list.push_back({{"tokens", text.tokens},
                    {"one_minus_tv", text.one_minus_tv},
                    {"same_noise", text.same_noise}});
  }
  return list;
}

std::vector<TextAcceptance> text_acceptances(const ordered_json& json) {
  try {
    std::vector<TextAcceptance> texts;
    for (const ordered_json& text : json) {
      texts.push_back({text.at("tokens"), text.at("one_minus_tv"), text.at("same_noise")});
    }
    return texts;
  } catch (const nlohmann::json::exception& error) {
    throw Error("stored offline acceptance: {}; measure it again", error.what());
  }
}

}  // namespace quantrial

#include <algorithm>
#include <cmath>

#include "evals/figures.h"
#include "evals/results.h"
#include "statistics/bootstrap.h"
#include "statistics/distributions.h"
#include "statistics/majority.h"
#include "statistics/mean_score.h"
#include "statistics/pass_at_k.h"
#include "statistics/percentile.h"
#include "statistics/proportion.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
using statistics::Interval;

constexpr double g_pass_tau = 0.5;
// From this share of samples that were cut off, their mean length is a lower bound alone.
constexpr double many_cut = 0.01;

// 1, 2, 4, ... and the most.
std::vector<int64_t> counts_up_to(int64_t most) {
  std::vector<int64_t> counts;
  for (int64_t k = 1; k < most; k *= 2) counts.push_back(k);
  if (most > 0) counts.push_back(most);
  return counts;
}

// Mean over questions of a figure of each, with a bootstrap interval over questions; where all are
// one, which no draw can tell, the exact one.
Interval mean_over_questions(const std::vector<double>& of_each, uint64_t seed) {
  const bool differ = std::any_of(of_each.begin(), of_each.end(),
                                  [&](double figure) { return figure != of_each.front(); });
  if (!differ) return statistics::mean_score(of_each);
  return statistics::bootstrap(
      static_cast<int64_t>(of_each.size()),
      [&](std::span<const int64_t> questions) {
        double sum = 0;
        for (const int64_t q : questions) sum += of_each[static_cast<size_t>(q)];
        return sum / static_cast<double>(questions.size());
      },
      seed);
}

template <typename OfQuestion>
ordered_json by_k(const RunSamples& run, uint64_t seed, OfQuestion of_question) {
  ordered_json figures = ordered_json::object();
  for (const int64_t k : counts_up_to(run.fewest())) {
    std::vector<double> of_each;
    for (const QuestionSamples& q : run.questions) of_each.push_back(of_question(q, k));
    figures[std::to_string(k)] = figure(mean_over_questions(of_each, seed));
  }
  return figures;
}

statistics::MajorityVote vote(const QuestionSamples& q, int64_t k) {
  std::map<int64_t, int64_t> classes;
  int64_t none = 0;
  for (const ScoredSample& s : q.samples) {
    s.vote ? ++classes[*s.vote] : ++none;
  }
  const int64_t right = classes[0];
  classes.erase(0);
  std::vector<int64_t> others;
  for (const auto& [number, count] : classes) others.push_back(count);
  return statistics::majority_at_k({right, others, none}, k);
}

ordered_json accuracy_figure(const RunSamples& run) {
  const std::vector<double> scores = run.scores();
  ordered_json accuracy = figure(statistics::mean_score(scores));
  const int64_t K = run.fewest();
  if (K >= 2 && K == run.record.samples) {
    std::vector<int64_t> right;
    for (const QuestionSamples& q : run.questions) right.push_back(q.right());
    accuracy["rerun_error"] = statistics::rerun_error(right, K);
  }
  std::map<std::string, int64_t> numbers;
  std::vector<int64_t> cluster;
  for (const QuestionSamples& q : run.questions) {
    cluster.push_back(
        numbers.emplace(q.cluster, static_cast<int64_t>(numbers.size())).first->second);
  }
  if (numbers.size() >= 2) {
    accuracy["clusters"] = numbers.size();
    accuracy["clustered_error"] =
        statistics::clustered_error(scores, cluster, static_cast<int64_t>(numbers.size()));
  }
  return accuracy;
}

// Mean over questions of their mean of a token count, where it is known everywhere.
template <typename OfSample>
ordered_json mean_tokens(const RunSamples& run, OfSample of_sample) {
  std::vector<double> means;
  for (const QuestionSamples& q : run.questions) {
    double sum = 0;
    for (const ScoredSample& s : q.samples) {
      const std::optional<int64_t> tokens = of_sample(s);
      if (!tokens) return nullptr;
      sum += static_cast<double>(*tokens);
    }
    means.push_back(sum / static_cast<double>(q.samples.size()));
  }
  return figure(statistics::mean_amount(means));
}

ordered_json lengths_figure(const RunSamples& run, const ResultOptions& options) {
  const std::vector<statistics::QuestionLengths> lengths = run.lengths();
  if (lengths.empty()) return nullptr;
  std::vector<double> all;
  int64_t cut = 0;
  for (const auto& question : lengths) {
    for (const statistics::Length& s : question) {
      all.push_back(s.tokens);
      cut += s.cut ? 1 : 0;
    }
  }
  const auto samples = static_cast<int64_t>(all.size());
  const double cap = *std::max_element(all.begin(), all.end());
  ordered_json result = {{"median", figure(statistics::percentile(all, 0.5))},
                         {"p90", figure(statistics::percentile(all, 0.9))},
                         {"p99", figure(statistics::percentile(all, 0.99))},
                         {"longest", cap},
                         {"truncation_rate", figure(statistics::wilson(cut, samples))}};
  if (static_cast<double>(cut) > many_cut * static_cast<double>(samples)) {
    result["restricted_mean"] = statistics::restricted_mean(lengths, cap);
  }
  result["correlation_with_right"] =
      figure(statistics::within_question_correlation(lengths, options.seed));
  std::vector<double> budgets;
  for (double budget = 32; budget < 2 * cap; budget *= 2) budgets.push_back(budget);
  const std::vector<statistics::BudgetShares> shares =
      statistics::shares_at_budgets(lengths, budgets);
  auto at_budget = ordered_json::array();
  for (size_t i = 0; i < budgets.size(); ++i) {
    at_budget.push_back(
        {{"tokens", budgets[i]}, {"accuracy", shares[i].accuracy}, {"ended", shares[i].ended}});
  }
  result["accuracy_at_budget"] = at_budget;
  return result;
}

ordered_json token_figures(const RunSamples& run, const ResultOptions& options) {
  ordered_json tokens = {
      {"prompt", mean_tokens(run, [](const ScoredSample& s) { return s.prompt_tokens; })},
      {"thinking", mean_tokens(run, [](const ScoredSample& s) { return s.thinking_tokens; })},
      {"answer", mean_tokens(run, [](const ScoredSample& s) { return s.answer_tokens; })},
      {"generated", mean_tokens(run, [](const ScoredSample& s) { return s.generated_tokens; })}};
  tokens["lengths"] = lengths_figure(run, options);
  return tokens;
}

// Names of the further scores that every sample has.
std::vector<std::string> further_scores(const RunSamples& run) {
  std::vector<std::string> names;
  for (const auto& [name, share] : run.questions.at(0).samples.at(0).further) {
    const auto has = [&name = name](const ScoredSample& s) { return s.further.contains(name); };
    const bool everywhere =
        std::all_of(run.questions.begin(), run.questions.end(), [&](const QuestionSamples& q) {
          return std::all_of(q.samples.begin(), q.samples.end(), has);
        });
    if (everywhere) names.push_back(name);
  }
  return names;
}

// The share of all parts of all samples that was reached, with a bootstrap interval over questions.
Interval share_figure(const RunSamples& run, const std::string& score, uint64_t seed) {
  std::vector<Share> of_each;
  for (const QuestionSamples& q : run.questions) {
    Share& sum = of_each.emplace_back();
    for (const ScoredSample& s : q.samples) {
      sum.reached += s.further.at(score).reached;
      sum.parts += s.further.at(score).parts;
    }
  }
  return statistics::bootstrap(
      static_cast<int64_t>(of_each.size()),
      [&](std::span<const int64_t> questions) {
        Share all;
        for (const int64_t q : questions) {
          all.reached += of_each[static_cast<size_t>(q)].reached;
          all.parts += of_each[static_cast<size_t>(q)].parts;
        }
        return all.parts == 0 ? 0 : all.reached / static_cast<double>(all.parts);
      },
      seed);
}

ordered_json origin_json(const SampleOrigin& origin) {
  return {{"weights", origin.variant_hash},
          {"dataset", origin.dataset_hash},
          {"prompt", origin.prompt_hash},
          {"sampling", origin.sampling_hash}};
}

ordered_json outcome_counts(const RunSamples& run) {
  ordered_json counts = ordered_json::object();
  for (size_t i = 0; i < run.outcomes.size(); ++i) {
    counts[std::string(name(static_cast<Outcome>(i)))] = run.outcomes[i];
  }
  return counts;
}

}  // namespace

ordered_json benchmark_figures(const RunSamples& run, const ResultOptions& options) {
  ordered_json result = {{"n", run.questions.size()},
                         {"questions", run.record.questions.size()},
                         {"K", run.fewest()},
                         {"samples", run.record.samples},
                         {"settings", run.record.settings},
                         {"origin", origin_json(run.record.origin)},
                         {"outcomes", outcome_counts(run)},
                         {"warnings", run.warnings}};
  if (!run.thinking_seen.empty()) result["thinking_seen"] = run.thinking_seen;
  if (run.questions.empty()) return result;
  result["accuracy"] = accuracy_figure(run);
  for (const std::string& score : further_scores(run)) {
    result["scores"][score] = figure(share_figure(run, score, options.seed));
  }
  const auto K = [](const QuestionSamples& q) { return static_cast<int64_t>(q.samples.size()); };
  result["pass_at"] = by_k(run, options.seed, [&](const QuestionSamples& q, int64_t k) {
    return statistics::pass_at_k(K(q), q.right(), k);
  });
  result["pass_hat"] = by_k(run, options.seed, [&](const QuestionSamples& q, int64_t k) {
    return statistics::pass_hat_k(K(q), q.right(), k);
  });
  result["g_pass_at"] = by_k(run, options.seed, [&](const QuestionSamples& q, int64_t k) {
    return statistics::g_pass_at_k(K(q), q.right(), k, g_pass_tau);
  });
  if (run.record.settings.value("majority", true)) {
    result["maj_at"] = by_k(run, options.seed,
                            [](const QuestionSamples& q, int64_t k) { return vote(q, k).right; });
    result["maj_tied"] = by_k(run, options.seed,
                              [](const QuestionSamples& q, int64_t k) { return vote(q, k).tied; });
  }
  result["tokens"] = token_figures(run, options);
  return result;
}

}  // namespace quantrial

#include "evals/comparison.h"

#include <cmath>

#include "evals/figures.h"
#include "statistics/flips.h"
#include "statistics/lengths.h"
#include "statistics/mcnemar.h"
#include "statistics/mean_score.h"
#include "statistics/verdict.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

std::vector<uint8_t> rights(const QuestionSamples& q) {
  std::vector<uint8_t> right;
  for (const ScoredSample& s : q.samples) right.push_back(s.right ? 1 : 0);
  return right;
}

bool same_seeds(const QuestionSamples& a, const QuestionSamples& b) {
  if (a.samples.size() != b.samples.size()) return false;
  for (size_t k = 0; k < a.samples.size(); ++k) {
    if (a.samples[k].seed != b.samples[k].seed) return false;
  }
  return true;
}

// Samples of all questions as flips() wants them; keeps the flags alive.
struct Pairs {
  std::vector<std::vector<uint8_t>> kept;
  std::vector<statistics::QuestionPair> pairs;
  statistics::Seeds seeds = statistics::Seeds::shared;
  bool repeated = true;  // two samples of each at least
};

Pairs pairs_of(const PairedQuestions& questions) {
  Pairs p;
  p.kept.reserve(2 * questions.a.size());  // spans point into it
  for (size_t i = 0; i < questions.a.size(); ++i) {
    const QuestionSamples &a = *questions.a[i], &b = *questions.b[i];
    if (!same_seeds(a, b)) p.seeds = statistics::Seeds::independent;
    p.repeated = p.repeated && a.samples.size() >= 2 && b.samples.size() >= 2;
    p.kept.push_back(rights(a));
    p.kept.push_back(rights(b));
    p.pairs.push_back({p.kept[p.kept.size() - 2], p.kept.back()});
  }
  return p;
}

ordered_json flip_figures(const statistics::Flips& f, statistics::Seeds seeds) {
  return {{"cross", f.cross},
          {"lost", f.lost},
          {"gained", f.gained},
          {"self", f.self_b},
          {"self_base", f.self_a},
          {"excess", f.excess},
          {"shared_seeds", seeds == statistics::Seeds::shared}};
}

double within(const std::vector<const QuestionSamples*>& questions) {
  double sum = 0;
  for (const QuestionSamples* q : questions) {
    const double K = static_cast<double>(q->samples.size()), p = q->score();
    sum += K > 1 ? p * (1 - p) * K / (K - 1) : 0.25;
  }
  return sum / static_cast<double>(questions.size());
}

// omega^2 and s^2 of the power formula, from these very runs.
statistics::Spread spread(const PairedQuestions& q, const std::vector<double>& differences,
                          int64_t K) {
  statistics::Spread s{0, within(q.a), within(q.b)};
  const double sd = statistics::standard_deviation(differences);
  s.between = std::max(0.0, sd * sd - (s.within_a + s.within_b) / static_cast<double>(K));
  return s;
}

ordered_json mcnemar_figures(const Pairs& pairs) {
  int64_t lost = 0, gained = 0;
  for (const statistics::QuestionPair& q : pairs.pairs) {
    lost += q.a[0] > q.b[0] ? 1 : 0;
    gained += q.a[0] < q.b[0] ? 1 : 0;
  }
  const auto n = static_cast<int64_t>(pairs.pairs.size());
  const statistics::McNemar test = statistics::mcnemar(lost, gained, n);
  return {{"lost", lost}, {"gained", gained}, {"p", test.p}, {"mid_p", test.mid_p}};
}

std::vector<statistics::QuestionLengths> lengths(const std::vector<const QuestionSamples*>& of) {
  RunSamples run;
  for (const QuestionSamples* q : of) run.questions.push_back(*q);
  return run.lengths();
}

ordered_json length_figures(const PairedQuestions& q, uint64_t seed) {
  const auto a = lengths(q.a), b = lengths(q.b);
  if (a.empty() || b.empty()) return nullptr;
  ordered_json result = {{"ratio", figure(statistics::length_ratio(a, b, seed))}};
  result["geometric_ratio"] = figure(statistics::geometric_length_ratio(a, b));
  if (const auto parts = statistics::decompose(a, b)) {
    result["decomposition"] = {{"total", parts->total},
                               {"right", parts->right},
                               {"wrong", parts->wrong},
                               {"failures", parts->failures}};
  }
  return result;
}

}  // namespace

std::optional<std::string> why_not_compared(const RunSamples& base, const RunSamples& run) {
  const SampleOrigin &a = base.record.origin, &b = run.record.origin;
  if (a.dataset_hash != b.dataset_hash) return "the base was asked another file of questions";
  if (a.prompt_hash != b.prompt_hash) return "the base was asked with other prompts";
  return std::nullopt;
}

std::optional<RunComparison> compare_runs(const RunSamples& base, const RunSamples& run,
                                          const ResultOptions& options) {
  const PairedQuestions questions = paired_questions(base, run);
  if (questions.a.empty()) return std::nullopt;
  std::vector<double> differences;
  for (size_t i = 0; i < questions.a.size(); ++i) {
    differences.push_back(questions.b[i]->score() - questions.a[i]->score());
  }
  RunComparison c;
  c.questions = static_cast<int64_t>(differences.size());
  c.difference = statistics::paired_difference(differences, options.seed);
  const int64_t K = std::min(base.fewest(), run.fewest());
  const statistics::Spread s = spread(questions, differences, K);
  ordered_json delta = figure(c.difference.delta);
  delta["standard_error"] = c.difference.standard_error;
  delta["questions"] = c.questions;
  delta["p"] = c.difference.p;
  delta["verdict"] =
      statistics::name(statistics::judge(c.difference.delta, options.benchmark_margin));
  const bool has_spread = s.between + s.within_a + s.within_b > 0;  // else nothing follows from it
  delta["mde"] = nullptr;
  delta["questions_needed"] = nullptr;
  if (has_spread) {
    delta["mde"] = statistics::minimum_detectable(s, c.questions, K);
    delta["questions_needed"] = statistics::questions_needed(s, options.benchmark_margin, K);
  }
  c.figures["delta"] = delta;
  const Pairs pairs = pairs_of(questions);
  if (pairs.repeated) {
    c.figures["flips"] = flip_figures(statistics::flips(pairs.pairs, pairs.seeds), pairs.seeds);
  } else if (K == 1) {
    c.figures["mcnemar"] = mcnemar_figures(pairs);
  }
  c.figures["token_ratio"] = length_figures(questions, options.seed);
  return c;
}

}  // namespace quantrial

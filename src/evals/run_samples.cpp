#include "evals/run_samples.h"

#include <algorithm>

#include "evals/question.h"

namespace quantrial {
namespace {

double number(const nlohmann::ordered_json& score) {
  return score.is_boolean() ? (score.get<bool>() ? 1 : 0) : score.get<double>();
}

// The scores that are numbers, or lists of them.
std::map<std::string, Share> shares(const nlohmann::ordered_json& scores) {
  const auto counts = [](const nlohmann::ordered_json& s) {
    return s.is_number() || s.is_boolean();
  };
  std::map<std::string, Share> found;
  for (const auto& [name, score] : scores.items()) {
    if (counts(score)) found[name] = {number(score), 1};
    if (!score.is_array() || !std::all_of(score.begin(), score.end(), counts)) continue;
    Share& share = found[name];
    for (const auto& part : score) share.reached += number(part);
    share.parts = static_cast<int64_t>(score.size());
  }
  return found;
}

}  // namespace

int64_t QuestionSamples::right() const {
  return std::count_if(samples.begin(), samples.end(),
                       [](const ScoredSample& s) { return s.right; });
}

double QuestionSamples::score() const {
  return static_cast<double>(right()) / static_cast<double>(samples.size());
}

int64_t RunSamples::fewest() const {
  int64_t fewest = 0;
  for (const QuestionSamples& q : questions) {
    const auto n = static_cast<int64_t>(q.samples.size());
    fewest = fewest == 0 ? n : std::min(fewest, n);
  }
  return fewest;
}

std::vector<double> RunSamples::scores() const {
  std::vector<double> scores;
  for (const QuestionSamples& q : questions) scores.push_back(q.score());
  return scores;
}

std::vector<statistics::QuestionLengths> RunSamples::lengths() const {
  std::vector<statistics::QuestionLengths> lengths;
  for (const QuestionSamples& q : questions) {
    statistics::QuestionLengths& of = lengths.emplace_back();
    for (const ScoredSample& s : q.samples) {
      if (!s.generated_tokens) return {};
      of.push_back({static_cast<double>(*s.generated_tokens), s.right, s.cut()});
    }
  }
  return lengths;
}

RunSamples load_run(const SampleStore& store, const RunRecord& record) {
  std::map<std::string, QuestionSamples> by_id;
  RunSamples run{.record = record, .questions = {}};
  store.for_each(record, [&](Sample s) {
    ++run.outcomes.at(static_cast<size_t>(s.outcome));
    run.warnings += s.warning.empty() ? 0 : 1;
    if (s.server.contains("thinking")) ++run.thinking_seen[field_text(s.server["thinking"])];
    if (!is_scored(s.outcome)) return;
    QuestionSamples& q = by_id[s.question];
    q.id = s.question;
    q.cluster = s.cluster;
    q.samples.push_back({.number = s.sample,
                         .seed = s.seed,
                         .right = s.correct.value_or(false),
                         .outcome = s.outcome,
                         .prompt_tokens = s.prompt_tokens,
                         .thinking_tokens = s.thinking_tokens,
                         .answer_tokens = s.answer_tokens,
                         .generated_tokens = s.generated_tokens,
                         .vote = s.vote,
                         .further = shares(s.scores)});
  });
  for (const std::string& id : record.questions) {
    const auto at = by_id.find(id);
    if (at != by_id.end()) run.questions.push_back(std::move(at->second));
  }
  return run;
}

PairedQuestions paired_questions(const RunSamples& a, const RunSamples& b) {
  std::map<std::string, const QuestionSamples*> of_b;
  for (const QuestionSamples& q : b.questions) of_b[q.id] = &q;
  PairedQuestions pairs;
  for (const QuestionSamples& q : a.questions) {
    const auto at = of_b.find(q.id);
    if (at == of_b.end()) continue;
    pairs.a.push_back(&q);
    pairs.b.push_back(at->second);
  }
  return pairs;
}

}  // namespace quantrial

#include "study/examples.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/sha256.h"
#include "evals/messages.h"
#include "evals/prompt_text.h"
#include "study/next_tokens.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr size_t most_lost = 6, most_gained = 3;
constexpr size_t shown_tokens = 5;

using SampleKey = std::pair<std::string, int64_t>;  // question, number
using Samples = std::map<SampleKey, Sample>;

struct Example {
  const BenchmarkRun* run = nullptr;
  Sample base, variant;
  bool lost = false;
};

std::optional<RunRecord> record_of(const std::vector<RunRecord>& records,
                                   const std::string& variant, const std::string& benchmark) {
  for (const RunRecord& record : records) {
    if (record.variant == variant && record.benchmark == benchmark) return record;
  }
  return std::nullopt;
}

Samples graded(const SampleStore& store, const RunRecord& record) {
  Samples samples;
  store.for_each(record, [&](Sample s) {
    if (s.correct) samples.emplace(SampleKey{s.question, s.sample}, std::move(s));
  });
  return samples;
}

// Of one benchmark, in the order of questions and numbers, one a question.
std::vector<Example> flips(const BenchmarkRun& run, Samples base, Samples variant) {
  std::vector<Example> found;
  std::string last;
  for (auto& [key, a] : base) {
    const auto b = variant.find(key);
    if (b == variant.end() || *a.correct == *b->second.correct || key.first == last) continue;
    last = key.first;
    found.push_back({&run, std::move(a), std::move(b->second), *b->second.correct == false});
  }
  return found;
}

// A few of each kind, the benchmarks in turn.
std::vector<Example> chosen(std::vector<std::vector<Example>> by_benchmark) {
  std::vector<Example> result;
  size_t lost = 0, gained = 0;
  size_t longest = 0;
  for (const auto& examples : by_benchmark) longest = std::max(longest, examples.size());
  for (size_t i = 0; i < longest; ++i) {
    for (std::vector<Example>& examples : by_benchmark) {
      if (i >= examples.size()) continue;
      size_t& count = examples[i].lost ? lost : gained;
      if (count == (examples[i].lost ? most_lost : most_gained)) continue;
      ++count;
      result.push_back(std::move(examples[i]));
    }
  }
  return result;
}

const Question& question_of(const Example& example) {
  for (const Question& q : example.run->benchmark.questions) {
    if (q.id == example.base.question) return q;
  }
  throw Error("{}: question '{}' is not among its questions", example.run->benchmark.name,
              escaped(example.base.question));
}

std::string gold_of(const Example& example, const Question& question) {
  const std::string field =
      example.run->benchmark.grading.options.value("field", std::string("answer"));
  return question.fields.contains(field) ? field_text(question.fields.at(field)) : "";
}

// Prompt and what both replies have in common, as ids; empty where a server keeps them to itself.
std::vector<int32_t> common_tokens(const Example& example, const Question& question,
                                   const std::filesystem::path& model) {
  const std::vector<int32_t>&a = example.base.token_ids, &b = example.variant.token_ids;
  if (a.empty() || b.empty()) return {};
  Ask ask;
  ask.messages = messages_of(example.run->benchmark, question);
  ask.thinking = example.run->thinking == Thinking::on;
  std::vector<int32_t> tokens =
      Tokenizer::load(model).encode(prompt_text(ask, ChatTemplate::find(model)));
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  tokens.insert(tokens.end(), a.begin(), end);
  return tokens;
}

ordered_json as_json(const Example& example) {
  const Question& question = question_of(example);
  return {{"benchmark", example.base.benchmark},
          {"question", example.base.question},
          {"sample", example.base.sample},
          {"prompt", prompt_of(example.run->benchmark, question)},
          {"gold", gold_of(example, question)},
          {"kind", example.lost ? "lost" : "gained"},
          {"base_text", example.base.text},
          {"variant_text", example.variant.text},
          {"base_answer", example.base.answer.value_or("")},
          {"variant_answer", example.variant.answer.value_or("")},
          {"base_top", nullptr},
          {"variant_top", nullptr}};
}

class Finder {
 public:
  Finder(StudyContext& context, const PlannedRuns& runs)
      : context_(context),
        runs_(runs),
        records_(context.samples.runs()),
        reference_(context.study.reference()) {}

  void find(const StudyVariant& variant) {
    std::vector<std::vector<Example>> by_benchmark;
    for (const BenchmarkRun& run : runs_.runs) {
      const auto base = record_of(records_, reference_.name, stored_name(run));
      const auto other = record_of(records_, variant.name, stored_name(run));
      if (!base || !other) continue;
      by_benchmark.push_back(
          flips(run, graded(context_.samples, *base), graded(context_.samples, *other)));
    }
    const std::vector<Example> examples = chosen(std::move(by_benchmark));
    auto list = ordered_json::array();
    for (const Example& example : examples) list.push_back(as_json(example));
    const std::string key = Sha256::hex(list.dump());
    const Measurement place{variant.name, "", key};
    if (context_.measurements.has(MeasurementTable::divergence, place)) return;
    if (!context_.is_served(variant) && !context_.is_served(reference_)) {
      add_likeliest(variant, examples, list);
    }
    ++context_.measured;
    Measurement found = place;
    found.data = std::move(list);
    context_.measurements.put(MeasurementTable::divergence, found);
  }

 private:
  void add_likeliest(const StudyVariant& variant, const std::vector<Example>& examples,
                     ordered_json& list) {
    for (const auto& [of, key] : {std::pair{&reference_, "base_top"}, {&variant, "variant_top"}}) {
      const OpenModel open = open_model(context_.model(*of));
      const Tokenizer tokenizer = Tokenizer::load(open.dir);
      for (size_t i = 0; i < examples.size(); ++i) {
        const std::vector<int32_t> tokens =
            common_tokens(examples[i], question_of(examples[i]), open.dir);
        if (tokens.empty()) continue;
        list[i][key] = likeliest_next(*open.model, tokenizer, tokens, shown_tokens);
      }
    }
  }

  StudyContext& context_;
  const PlannedRuns& runs_;
  std::vector<RunRecord> records_;
  const StudyVariant& reference_;
};

}  // namespace

void find_examples(StudyContext& context, const PlannedRuns& runs) {
  Finder finder(context, runs);
  for (const StudyVariant& variant : context.study.variants) {
    if (&variant == &context.study.reference() || is_unmade(context, variant)) continue;
    finder.find(variant);
  }
}

}  // namespace quantrial

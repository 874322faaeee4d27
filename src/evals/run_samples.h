// The stored samples of one run, by question, as statistics need them.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "evals/sample_store.h"
#include "statistics/lengths.h"

namespace quantrial {

// A further score of samples: what was reached of the parts that there are.
struct Share {
  double reached = 0;
  int64_t parts = 0;
};

// What is kept of a scored sample.
struct ScoredSample {
  int64_t number = 0;
  uint64_t seed = 0;
  bool right = false;
  Outcome outcome = Outcome::no_answer;
  std::optional<int64_t> prompt_tokens, thinking_tokens, answer_tokens, generated_tokens;
  std::optional<int64_t> vote;  // class of the answer: 0 right, 1.. wrong; absent: no answer
  std::map<std::string, Share> further{};  // scores of the grader beside `right`

  bool cut() const {
    return outcome == Outcome::truncated_thinking || outcome == Outcome::truncated_answer ||
           outcome == Outcome::loop;
  }
};

struct QuestionSamples {
  std::string id, cluster;
  std::vector<ScoredSample> samples;  // scored ones, by number

  int64_t right() const;
  double score() const;  // share of the samples that is right
};

struct RunSamples {
  RunRecord record;
  std::vector<QuestionSamples> questions;  // those with a scored sample, in the order of the record
  std::array<int64_t, outcome_count>
      outcomes{};  // by Outcome, transport and sandbox errors included
  int64_t warnings = 0;
  std::map<std::string, int64_t>
      thinking_seen{};  // samples of servers, by where their thinking stood

  // The fewest scored samples of a question: up to which k figures are defined. 0 without any.
  int64_t fewest() const;
  std::vector<double> scores() const;
  // Generated tokens; empty when the tokens of a sample are not known.
  std::vector<statistics::QuestionLengths> lengths() const;
};

RunSamples load_run(const SampleStore& store, const RunRecord& record);

// The questions that both have, in one order.
struct PairedQuestions {
  std::vector<const QuestionSamples*> a, b;
};
PairedQuestions paired_questions(const RunSamples& a, const RunSamples& b);

}  // namespace quantrial

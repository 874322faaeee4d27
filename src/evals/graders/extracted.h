// A grader that finds one answer in the reply and compares it with the gold one.
#pragma once

#include "evals/graders/extraction.h"
#include "evals/graders/gold.h"
#include "evals/graders/grader.h"

namespace quantrial {

struct AnswerComparison {
  bool same = false;
  std::string detail{};  // why it could not be decided
};

class ExtractedAnswerGrader : public Grader {
 public:
  ExtractedAnswerGrader(const GraderOptions& options, std::vector<std::string> extract_by_default)
      : extraction_(options, std::move(extract_by_default)), gold_(options) {}

  // Without an answer: no_answer. The score `lenient` (0 or 1) stands wherever the rule has
  // `lenient`.
  Grade grade(const Question& question, std::string_view reply) const final;
  bool same(const std::string& a, const std::string& b) const final;

 protected:
  virtual AnswerComparison compare(const Question& question, const std::string& gold,
                                   const std::string& answer) const = 0;
  // Whether what follows "answer:" is one at all; an earlier one counts where it is not.
  virtual bool is_answer(const Question&, const std::string&) const { return true; }
  // What is stored and shown of an answer that was found.
  virtual std::string shown(const Question&, const std::string& answer) const { return answer; }
  virtual bool same_answers(const std::string& a, const std::string& b) const { return a == b; }

 private:
  Extraction extraction_;
  Gold gold_;
};

}  // namespace quantrial

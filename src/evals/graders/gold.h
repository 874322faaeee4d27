// The right answer of a question: a field, perhaps only what follows a mark within it.
#pragma once

#include "evals/graders/options.h"
#include "evals/question.h"

namespace quantrial {

class Gold {
 public:
  // Keys `field` ("answer") and `after` ("####").
  explicit Gold(const GraderOptions& options);
  // Throws Error, naming the question, when there is none.
  std::string of(const Question& question) const;

 private:
  std::string field_, after_, where_;
};

}  // namespace quantrial

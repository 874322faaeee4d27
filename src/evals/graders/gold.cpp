#include "evals/graders/gold.h"

#include "base/error.h"
#include "base/strip.h"
#include "evals/graders/question_fields.h"

namespace quantrial {

Gold::Gold(const GraderOptions& options)
    : field_(options.text("field", "answer")),
      after_(options.text("after", "")),
      where_(options.where()) {}

std::string Gold::of(const Question& question) const {
  std::string gold = QuestionFields(question, where_).as_text(field_);
  if (!after_.empty()) {
    const size_t at = gold.rfind(after_);
    if (at == std::string::npos) {
      throw Error("{}: question '{}': no '{}' in its field '{}'", where_, escaped(question.id),
                  escaped(after_), escaped(field_));
    }
    gold.erase(0, at + after_.size());
  }
  return std::string(stripped(gold, " \t\r\n"));
}

}  // namespace quantrial

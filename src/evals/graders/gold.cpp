#include "evals/graders/gold.h"

#include "base/error.h"
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
  constexpr const char* space = " \t\r\n";
  gold.erase(0, std::min(gold.find_first_not_of(space), gold.size()));
  gold.erase(gold.find_last_not_of(space) + 1);
  return gold;
}

}  // namespace quantrial

#include "evals/graders/ifeval/ifeval.h"

#include <algorithm>

#include "base/error.h"
#include "evals/graders/ifeval/kinds.h"
#include "evals/graders/ifeval/python_text.h"
#include "evals/graders/options.h"
#include "evals/graders/question_fields.h"
#include "text/unicode.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// The response, and what it may have been meant to be: without its first line, its last line and
// both (greetings, closing words), each also without asterisks (emphasis). Blank forms follow
// nothing and are left out; no form is left of a blank response alone.
std::vector<std::string> loose_forms(const std::string& response) {
  const std::string_view all = response;
  const size_t first = all.find('\n'), last = all.rfind('\n');
  std::string_view without_first, without_last, without_both;
  if (first != std::string_view::npos) {
    without_first = all.substr(first + 1);
    without_last = all.substr(0, last);
    if (first < last) without_both = all.substr(first + 1, last - first - 1);
  }
  std::vector<std::string> forms{response};
  for (const std::string_view form : {without_first, without_last, without_both}) {
    forms.emplace_back(python::strip(form));
  }
  for (size_t i = 0; i < 4; ++i) forms.push_back(python::replace(forms[i], "*", ""));
  std::erase_if(forms, [](const std::string& form) { return python::strip(form).empty(); });
  return forms;
}

bool all(const std::vector<bool>& followed) {
  return std::find(followed.begin(), followed.end(), false) == followed.end();
}

ordered_json scores(const std::vector<bool>& strict, const std::vector<bool>& loose) {
  return {{"loose_prompt", all(loose) ? 1 : 0},
          {"strict_instructions", strict},
          {"loose_instructions", loose}};
}

class IfevalGrader : public Grader {
 public:
  explicit IfevalGrader(std::string where) : where_(std::move(where)) {}

  Grade grade(const Question& question, std::string_view answer) const override {
    const std::vector<std::string> forms = loose_forms(replace_invalid_utf8(answer));
    const QuestionFields fields(question, where_);
    const ordered_json& kinds = fields.list("instruction_id_list");
    const ordered_json& arguments = fields.list("kwargs");
    if (kinds.empty() || kinds.size() != arguments.size()) {
      throw Error("{}: {} instructions and {} kwargs; give as many of each", fields.where(),
                  kinds.size(), arguments.size());
    }
    std::vector<bool> strict, loose;
    std::vector<std::string> broken;
    for (size_t i = 0; i < kinds.size(); ++i) {
      const std::string kind = field_text(kinds[i]);
      const Instruction instruction(arguments[i], tools_,
                                    fmt::format("{}: {}", fields.where(), escaped(kind)));
      const Follows follows = check_of(kind);
      const auto followed = [&](const std::string& form) { return follows(instruction, form); };
      strict.push_back(!forms.empty() && followed(forms.front()));
      loose.push_back(strict.back() || std::any_of(forms.begin(), forms.end(), followed));
      if (!strict.back()) broken.push_back(kind);
    }
    Grade grade{.scores = scores(strict, loose)};
    if (forms.empty()) return grade;
    grade.verdict = broken.empty() ? Verdict::right : Verdict::wrong;
    if (!broken.empty()) grade.detail = fmt::format("not followed: {}", fmt::join(broken, ", "));
    return grade;
  }
  std::string version() const override { return "ifeval 1"; }

 private:
  const LanguageTools tools_;
  std::string where_;
};

}  // namespace

std::unique_ptr<Grader> make_ifeval_grader(const GradingRule& rule, const std::string& where) {
  const GraderOptions options(rule.options, where, {});
  return std::make_unique<IfevalGrader>(where);
}

}  // namespace quantrial

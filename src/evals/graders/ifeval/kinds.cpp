#include "evals/graders/ifeval/kinds.h"

#include "base/error.h"

namespace quantrial {
namespace {

struct Kind {
  std::string_view name;
  Follows follows;
};

constexpr Kind kinds[] = {
    {"keywords:existence", ifeval::existence},
    {"keywords:frequency", ifeval::frequency},
    {"keywords:forbidden_words", ifeval::forbidden_words},
    {"keywords:letter_frequency", ifeval::letter_frequency},
    {"language:response_language", ifeval::response_language},
    {"length_constraints:number_sentences", ifeval::number_sentences},
    {"length_constraints:number_paragraphs", ifeval::number_paragraphs},
    {"length_constraints:number_words", ifeval::number_words},
    {"length_constraints:nth_paragraph_first_word", ifeval::nth_paragraph_first_word},
    {"detectable_content:number_placeholders", ifeval::number_placeholders},
    {"detectable_content:postscript", ifeval::postscript},
    {"detectable_format:number_bullet_lists", ifeval::number_bullet_lists},
    {"detectable_format:constrained_response", ifeval::constrained_response},
    {"detectable_format:number_highlighted_sections", ifeval::number_highlighted_sections},
    {"detectable_format:multiple_sections", ifeval::multiple_sections},
    {"detectable_format:json_format", ifeval::json_format},
    {"detectable_format:title", ifeval::title},
    {"combination:two_responses", ifeval::two_responses},
    {"combination:repeat_prompt", ifeval::repeat_prompt},
    {"startend:end_checker", ifeval::end_checker},
    {"startend:quotation", ifeval::quotation},
    {"change_case:capital_word_frequency", ifeval::capital_word_frequency},
    {"change_case:english_capital", ifeval::english_capital},
    {"change_case:english_lowercase", ifeval::english_lowercase},
    {"punctuation:no_comma", ifeval::no_comma},
};

}  // namespace

Follows check_of(std::string_view name) {
  for (const Kind& kind : kinds) {
    if (kind.name == name) return kind.follows;
  }
  throw Error("instruction '{}': not one of IFEval's 25 kinds", escaped(name));
}

}  // namespace quantrial

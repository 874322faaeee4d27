#include "evals/graders/ifeval/words.h"

#include "evals/graders/ifeval/python_text.h"

namespace quantrial {
namespace {

struct Source {
  const char *pattern, *replacement;
};

// Put spaces around what is a word of its own, in this order.
constexpr Source opening_quotes_and_punctuation[] = {
    {R"(([«“‘„]|[`]+))", " $1 "},
    {R"-(^")-", "``"},
    {R"((``))", " $1 "},
    {R"-(([ (\[{<])("|'{2}))-", "$1 `` "},
    {R"((?i)(')(?!re|ve|ll|m|t|s|d|n)(\w)\b)", "$1 $2"},
    {R"(([^.])(\.)([\])}>"'»”’ ]*)\s*$)", "$1 $2 $3 "},
    {R"(([:,])([^\d]))", " $1 $2"},
    {R"(([:,])$)", " $1 "},
    {R"(\.{2,})", " $0 "},
    {R"([;@#$%&])", " $0 "},
    {R"(([^.])(\.)([\])}>"']*)\s*$)", "$1 $2$3 "},
    {R"([?!])", " $0 "},
    {R"(([^'])' )", "$1 ' "},
    {R"([*])", " $0 "},
    {R"([\]\[(){}<>])", " $0 "},
    {R"(--)", " -- "},
};

constexpr Source closing_quotes_and_contractions[] = {
    {R"(([»”’]))", " $1 "},
    {R"('')", " '' "},
    {R"-(")-", " '' "},
    {R"(\s+)", " "},
    {R"(([^' ])('[sS]|'[mM]|'[dD]|') )", "$1 $2 "},
    {R"(([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) )", "$1 $2 "},
    {R"((?i)\b(can)(not)\b)", " $1 $2 "},
    {R"((?i)\b(d)('ye)\b)", " $1 $2 "},
    {R"((?i)\b(gim)(me)\b)", " $1 $2 "},
    {R"((?i)\b(gon)(na)\b)", " $1 $2 "},
    {R"((?i)\b(got)(ta)\b)", " $1 $2 "},
    {R"((?i)\b(lem)(me)\b)", " $1 $2 "},
    {R"((?i)\b(more)('n)\b)", " $1 $2 "},
    {R"((?i)\b(wan)(na)(?=\s))", " $1 $2 "},
    {R"((?i) ('t)(is)\b)", " $1 $2 "},
    {R"((?i) ('t)(was)\b)", " $1 $2 "},
};

}  // namespace

WordTokenizer::WordTokenizer() {
  for (const Source& s : opening_quotes_and_punctuation) {
    before_padding_.push_back({PythonRegex(s.pattern), s.replacement});
  }
  for (const Source& s : closing_quotes_and_contractions) {
    after_padding_.push_back({PythonRegex(s.pattern), s.replacement});
  }
}

std::vector<std::string> WordTokenizer::words(std::string_view text,
                                              const SentenceSplitter& splitter) const {
  std::vector<std::string> result;
  for (const std::string_view sentence : splitter.split(text)) {
    std::string spaced(sentence);
    for (const Rule& rule : before_padding_) {
      spaced = rule.pattern.replace_all(spaced, rule.replacement);
    }
    spaced = ' ' + spaced + ' ';
    for (const Rule& rule : after_padding_) {
      spaced = rule.pattern.replace_all(spaced, rule.replacement);
    }
    for (const std::string_view word : python::split(spaced)) result.emplace_back(word);
  }
  return result;
}

}  // namespace quantrial

#include "evals/graders/ifeval/sentences.h"

#include <fmt/format.h>

#include "evals/graders/ifeval/python_text.h"

namespace quantrial {
namespace {

constexpr std::string_view non_word = R"-((?:[)";}\]*:@'({\[?!]))-";
constexpr std::string_view multi_character = R"((?:-{2,}|\.{2,}|(?:\.\s){2,}\.))";
constexpr std::string_view word_start = R"-([^("`{\[:;&#*@)}\]\-,])-";

std::string word_pattern() {
  return fmt::format(R"({0}|(?={2})\S+?(?=\s|$|{1}|{0}|,(?=$|\s|{1}|{0}))|\S)", multi_character,
                     non_word, word_start);
}

std::string_view piece(std::string_view text, PythonRegex::Span span) {
  return span.begin < span.end ? text.substr(span.begin, span.end - span.begin)
                               : std::string_view();
}

bool is_end_character(std::string_view token) {
  return token == "." || token == "?" || token == "!";
}

std::string without_last_period(const std::string& type) {
  return type.size() > 1 && type.ends_with('.') ? type.substr(0, type.size() - 1) : type;
}

}  // namespace

struct SentenceSplitter::Token {
  std::string_view text;
  std::string type;  // lower case; ##number## for numbers
  bool sentence_break = false, abbreviation = false, ellipsis = false;

  std::string type_before_break() const {
    return sentence_break ? without_last_period(type) : type;
  }
  bool first_upper() const { return python::is_upper(python::first_character(text)); }
  bool first_lower() const { return python::is_lower(python::first_character(text)); }
};

SentenceSplitter::SentenceSplitter()
    : word_(word_pattern()),
      period_context_(fmt::format(R"([.?!](?=({}|\s+(\S+))))", non_word)),
      closing_(R"-((?m)\A["')\]}]+?(?:\s+|(?=--)|$))-") {}

// The search runs from left to right; of candidates whose words overlap ("acting!!!") the last one
// stands.
std::vector<SentenceSplitter::Candidate> SentenceSplitter::candidates(std::string_view text) const {
  std::vector<Candidate> found;
  Span last_word{0, 0};
  for (size_t at = 0; const auto match = period_context_.search(text, at);) {
    const Span end = *match->front();
    at = end.end;
    const std::string_view before = piece(text, {last_word.end, end.begin});
    const size_t space = before.find_last_of(" \t\n\r\v\f");
    // NLTK's search cannot tell a space at the very start from none.
    const bool spaced = space != std::string_view::npos && space > 0;
    const Span word{spaced ? last_word.end + space + 1 : last_word.begin, end.begin};
    if (!found.empty() && last_word.end > word.begin) found.pop_back();
    found.push_back({word, end, {word.begin, (*match)[1]->end}, (*match)[2]});
    last_word = word;
  }
  return found;
}

std::vector<SentenceSplitter::Token> SentenceSplitter::tokens(std::string_view context) const {
  std::vector<Token> result;
  for (const std::string_view line : python::split(context, "\n")) {
    if (python::strip(line).empty()) continue;
    for (const std::string_view word : word_.find_all(line)) {
      const std::string type = python::lower(word);
      result.push_back({word, numeric_.search(type) ? "##number##" : type});
    }
  }
  return result;
}

// By the token's own form.
void SentenceSplitter::judge_alone(Token& token) const {
  if (is_end_character(token.text)) {
    token.sentence_break = true;
  } else if (ellipsis_.search(token.text)) {
    token.ellipsis = true;
  } else if (token.text.ends_with('.') && !token.text.ends_with("..")) {
    const std::string word = python::lower(token.text.substr(0, token.text.size() - 1));
    token.abbreviation = english_.abbreviations.contains(word) ||
                         english_.abbreviations.contains(word.substr(word.rfind('-') + 1));
    token.sentence_break = !token.abbreviation;
  }
}

// By the next token; sections of Kiss and Strunk.
void SentenceSplitter::judge_before(Token& token, const Token& next) const {
  if (!token.text.ends_with('.')) return;
  const auto no_break = [&] {
    token.sentence_break = false;
    token.abbreviation = true;
  };
  const std::string type = without_last_period(token.type), next_type = next.type_before_break();
  if (english_.collocations.contains(type + ' ' + next_type)) return no_break();  // 4.1.2

  const bool initial = initial_.search(token.text).has_value();
  const bool punctuation =
      next.text.size() == 1 && std::string_view(";:,.!?").find(next.text) != std::string_view::npos;
  const auto word = english_.words.find(next_type);
  const unsigned seen = word == english_.words.end() ? 0 : word->second;
  // 4.1.1, the orthographic heuristic: starts a sentence, does not, or neither is known.
  const bool starts = !punctuation && next.first_upper() && (seen & PunktEnglish::starts_upper);
  const bool continues =
      punctuation || (!starts && next.first_lower() && !(seen & PunktEnglish::starts_lower));
  if ((token.abbreviation || token.ellipsis) && !initial) {  // 4.2, 4.1.3
    if (starts || (next.first_upper() && english_.sentence_starters.contains(next_type))) {
      token.sentence_break = true;
      return;
    }
  }
  if (!initial && type != "##number##") return;  // 4.3
  const bool always_capitalised = initial && !starts && next.first_upper() && seen == 0;
  if (continues || always_capitalised) no_break();
}

bool SentenceSplitter::ends_inside(std::string_view context) const {
  std::vector<Token> all = tokens(context);
  for (Token& token : all) judge_alone(token);
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    judge_before(all[i], all[i + 1]);
    if (all[i].sentence_break) return true;
  }
  return false;
}

std::vector<SentenceSplitter::Span> SentenceSplitter::sentences(std::string_view text) const {
  std::vector<Span> spans;
  size_t begin = 0;
  for (const Candidate& c : candidates(text)) {
    if (!ends_inside(piece(text, c.context))) continue;
    spans.push_back({begin, c.end.end});
    begin = c.next_word ? c.next_word->begin : c.end.end;
  }
  const std::string_view body = python::strip(text);
  const size_t last = body.empty() ? 0 : static_cast<size_t>(body.end() - text.begin());
  spans.push_back({begin, last});
  return spans;
}

// Closing quotes and brackets that follow a sentence move into it.
std::vector<std::string_view> SentenceSplitter::split(std::string_view text) const {
  const std::vector<Span> spans = sentences(text);
  std::vector<std::string_view> result;
  size_t moved = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    const Span sentence{spans[i].begin + moved, spans[i].end};
    moved = 0;
    if (i + 1 < spans.size()) {
      const std::string_view next = piece(text, spans[i + 1]);
      if (const auto match = closing_.search(next)) {
        moved = match->front()->end;
        const size_t kept = python::strip(next.substr(0, moved)).size();
        result.push_back(piece(text, {sentence.begin, spans[i + 1].begin + kept}));
        continue;
      }
    }
    if (!piece(text, sentence).empty()) result.push_back(piece(text, sentence));
  }
  return result;
}

}  // namespace quantrial

#include "evals/graders/maths/answer.h"

#include <algorithm>
#include <array>

#include "evals/graders/maths/vocabulary.h"

namespace quantrial::maths {
namespace {

using Span = std::span<const Token>;

constexpr std::array<std::string_view, 8> relation_signs{
    "=", "<", ">", "<=", ">=", "!=", "~=", "in"};

std::string joined(Span tokens) {
  std::string text;
  for (const Token& token : tokens) text += (text.empty() ? "" : " ") + token.text;
  return text;
}

// Whether the bracket that opens `tokens` closes at their end.
bool is_one_bracket(Span tokens) {
  if (tokens.size() < 2 || tokens.front().kind != TokenKind::open) return false;
  int depth = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    depth += tokens[i].kind == TokenKind::open ? 1 : 0;
    depth -= tokens[i].kind == TokenKind::close ? 1 : 0;
    if (depth == 0) return i + 1 == tokens.size();
  }
  return false;
}

struct Split {
  std::vector<Span> parts;
  std::vector<std::string> signs;
};

// At the signs that `divides` knows, outside of brackets and environments.
template <typename Divides>
Split split(Span tokens, Divides divides) {
  Split result;
  int depth = 0;
  size_t from = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    const bool begins = token.is(TokenKind::command, "begin");
    const bool ends = token.is(TokenKind::command, "end");
    depth += token.kind == TokenKind::open || begins ? 1 : 0;
    depth -= token.kind == TokenKind::close || ends ? 1 : 0;
    if (depth != 0 || !divides(token)) continue;
    result.parts.push_back(tokens.subspan(from, i - from));
    result.signs.push_back(token.text);
    from = i + 1;
  }
  result.parts.push_back(tokens.subspan(from));
  return result;
}

bool divides_list(const Token& token) {
  return token.is_sign(",") || token.is_sign(";") || token.kind == TokenKind::separator;
}
bool divides_relation(const Token& token) {
  return token.kind == TokenKind::sign && contains(relation_signs, token.text);
}
bool is_word(const Token& token) { return token.kind == TokenKind::word; }

class Reader {
 public:
  explicit Reader(Span tokens) : tokens_(tokens) {}

  Answer read() {
    while (tokens_.size() > 2 && tokens_[0].is(TokenKind::open, "{") && is_one_bracket(tokens_)) {
      tokens_ = tokens_.subspan(1, tokens_.size() - 2);
    }
    Answer answer;
    for (const auto step :
         {&Reader::list, &Reader::united, &Reader::relation, &Reader::plus_minus, &Reader::bracket,
          &Reader::known_set, &Reader::matrix, &Reader::words, &Reader::based, &Reader::value}) {
      if ((this->*step)(answer)) break;
    }
    if (answer.text.empty()) answer.text = joined(tokens_);
    return answer;
  }

 private:
  static std::vector<Answer> read_parts(const std::vector<Span>& parts) {
    std::vector<Answer> answers;
    for (const Span part : parts) {
      if (part.empty()) continue;  // ", and"
      Answer answer = read_answer(part);
      if (answer.kind != AnswerKind::list) {
        answers.push_back(std::move(answer));
        continue;
      }
      for (Answer& one : answer.parts) answers.push_back(std::move(one));
    }
    return answers;
  }

  bool list(Answer& answer) {
    const Split found = split(tokens_, divides_list);
    if (found.parts.size() < 2) return false;
    answer.kind = AnswerKind::list;
    answer.parts = read_parts(found.parts);
    return true;
  }

  bool united(Answer& answer) {
    const Split found = split(tokens_, [](const Token& t) { return t.is_sign("cup"); });
    if (found.parts.size() < 2) return false;
    answer.kind = AnswerKind::united;
    answer.parts = read_parts(found.parts);
    return true;
  }

  // `x \in S` is S; of `a \approx b` only a counts.
  bool relation(Answer& answer) {
    const Split found = split(tokens_, divides_relation);
    if (found.parts.size() < 2) return false;
    if (found.signs[0] == "in" || found.parts[0].empty()) {
      const size_t skipped = found.parts[0].size() + 1;
      answer = read_answer(tokens_.subspan(skipped));
      return true;
    }
    if (found.signs[0] == "~=") {
      answer = read_answer(found.parts[0]);
      return true;
    }
    answer.kind = AnswerKind::relation;
    for (size_t i = 0; i < found.parts.size(); ++i) {
      if (i > 0 && found.signs[i - 1] == "~=") break;
      if (i > 0) answer.signs.push_back(found.signs[i - 1]);
      answer.parts.push_back(read_answer(found.parts[i]));
    }
    return true;
  }

  // All upper signs, then all lower ones.
  bool plus_minus(Answer& answer) {
    const auto is_double = [](const Token& t) { return t.is_sign("+-") || t.is_sign("-+"); };
    const Split found = split(tokens_, is_double);
    if (found.parts.size() < 2) return false;
    answer.kind = AnswerKind::list;
    for (const size_t which : {size_t{0}, size_t{1}}) {
      Tokens tokens(tokens_.begin(), tokens_.end());
      for (Token& token : tokens) {
        if (is_double(token)) token.text = token.text.substr(which, 1);
      }
      answer.parts.push_back(read_answer(tokens));
    }
    return true;
  }

  bool bracket(Answer& answer) {
    if (!is_one_bracket(tokens_)) return false;
    const std::string& open = tokens_.front().text;
    const Span inside = tokens_.subspan(1, tokens_.size() - 2);
    const Split found = split(inside, divides_list);
    if (open == "{{") return set(inside, found, answer);
    if (open == "(" && found.parts.size() == 1) {
      answer = read_answer(inside);
      return answer.kind != AnswerKind::unreadable;
    }
    if ((open != "(" && open != "[" && open != "<") || found.parts.size() < 2) return false;
    answer.kind = AnswerKind::tuple;
    answer.open = open == "<" ? "(" : open;
    answer.close = tokens_.back().text == ">" ? ")" : tokens_.back().text;
    for (const Span part : found.parts) answer.parts.push_back(read_answer(part));
    return true;
  }

  // \{x \mid x > 3\} is x > 3.
  static bool set(Span inside, const Split& list, Answer& answer) {
    const Split where =
        split(inside, [](const Token& t) { return t.is_sign("|") || t.is_sign(":"); });
    if (where.parts.size() == 2 && !where.parts[0].empty() &&
        where.parts[0][0].kind == TokenKind::symbol) {
      answer = read_answer(where.parts[1]);
      return true;
    }
    answer.kind = AnswerKind::set;
    answer.parts = read_parts(list.parts);
    return true;
  }

  // \mathbb{R}, \emptyset
  bool known_set(Answer& answer) {
    if (tokens_.size() == 1 && tokens_[0].text == "emptyset") {
      answer.kind = AnswerKind::set;
      return true;
    }
    if (tokens_.size() != 1 ||
        (tokens_[0].text != "mathbb R" && tokens_[0].text != "all real numbers")) {
      return false;
    }
    const Token minus{TokenKind::sign, "-"}, infinity{TokenKind::symbol, "infinity"};
    answer.kind = AnswerKind::tuple;
    answer.open = "(";
    answer.close = ")";
    answer.parts = {read_answer(Tokens{minus, infinity}), read_answer(Tokens{infinity})};
    return true;
  }

  // The tokens within \begin{...matrix} ... \end{...matrix}, when they are all.
  std::optional<Span> environment() const {
    if (tokens_.size() < 9 || !tokens_[0].is(TokenKind::command, "begin")) return std::nullopt;
    const std::string& name = tokens_[2].text;
    if (!name.ends_with("matrix") && name != "array") return std::nullopt;
    if (name == "vmatrix" || name == "Vmatrix") return std::nullopt;
    if (!tokens_[tokens_.size() - 4].is(TokenKind::command, "end")) return std::nullopt;
    Span inside = tokens_.subspan(4, tokens_.size() - 8);
    if (name == "array" && !inside.empty() && inside[0].kind == TokenKind::open) {
      size_t end = 0;
      while (end < inside.size() && inside[end].kind != TokenKind::close) ++end;
      inside = inside.subspan(std::min(end + 1, inside.size()));
    }
    return inside;
  }

  bool matrix(Answer& answer) {
    const auto inside = environment();
    if (!inside) return false;
    const Split rows = split(*inside, [](const Token& t) { return t.is_sign("\\\\"); });
    for (const Span row : rows.parts) {
      if (row.empty()) continue;
      const Split cells = split(row, [](const Token& t) { return t.is_sign("&"); });
      if (answer.columns != 0 && answer.columns != cells.parts.size()) return false;
      answer.columns = cells.parts.size();
      for (const Span cell : cells.parts) answer.parts.push_back(read_answer(cell));
    }
    answer.kind = AnswerKind::matrix;
    return true;
  }

  // Words before a value are dropped ("about 5"), and so are words after it: units.
  bool words(Answer& answer) {
    const auto first = std::find_if_not(tokens_.begin(), tokens_.end(), is_word);
    const bool has_number = std::any_of(tokens_.begin(), tokens_.end(),
                                        [](const Token& t) { return t.kind == TokenKind::number; });
    if (first == tokens_.end() || (first != tokens_.begin() && !has_number)) {
      answer.kind = AnswerKind::words;
      return true;
    }
    tokens_ = tokens_.subspan(static_cast<size_t>(first - tokens_.begin()));
    const auto unit = std::find_if(tokens_.begin(), tokens_.end(), is_word);
    if (unit == tokens_.end()) return false;
    const Span after(unit, tokens_.end());
    const Span before(tokens_.begin(), unit);
    if (!is_unit(after)) return false;
    const std::string word = unit->text;
    answer = read_answer(before);
    if (word.starts_with("percent")) answer.percent = true;
    scale(answer, word);
    return true;
  }

  // cm^2, miles per hour, m/s: words, single letters, numbers and signs between them.
  static bool is_unit(Span tokens) {
    return std::all_of(tokens.begin(), tokens.end(), [](const Token& t) {
      return t.kind == TokenKind::word || t.kind == TokenKind::number ||
             t.kind == TokenKind::symbol || t.kind == TokenKind::open ||
             t.kind == TokenKind::close || t.is_sign("/") || t.is_sign("^") || t.is_sign("*") ||
             t.is_sign("-") || t.is_sign(".");
    });
  }

  static void scale(Answer& answer, const std::string& word) {
    const int64_t factor = word == "thousand"  ? 1'000
                           : word == "million" ? 1'000'000
                           : word == "billion" ? 1'000'000'000
                                               : 1;
    if (factor == 1 || answer.kind != AnswerKind::value) return;
    answer.text.clear();
    answer.value = {
        Operation::product, {}, {}, {answer.value, {Operation::number, {}, Rational(factor), {}}}};
  }

  bool based(Answer& answer) {
    const size_t base = tokens_.size() == 5 && tokens_[2].kind == TokenKind::open ? 3 : 2;
    if ((tokens_.size() != 3 && base != 3) || tokens_[0].kind != TokenKind::number ||
        !tokens_[1].is_sign("_") || tokens_[base].kind != TokenKind::number) {
      return false;
    }
    answer.kind = AnswerKind::based;
    answer.parts = {read_answer(tokens_.subspan(0, 1)), read_answer(tokens_.subspan(base, 1))};
    return true;
  }

  bool value(Answer& answer) {
    Span tokens = tokens_;
    if (tokens.size() > 1 && tokens.back().is_sign("%")) {
      answer.percent = true;
      tokens = tokens.subspan(0, tokens.size() - 1);
    }
    std::optional<Expression> value = parse_expression(tokens);
    if (value) {
      answer.kind = AnswerKind::value;
      answer.value = std::move(*value);
    }
    return value.has_value();
  }

  Span tokens_;
};

}  // namespace

Answer read_answer(std::span<const Token> tokens) { return Reader(tokens).read(); }

}  // namespace quantrial::maths

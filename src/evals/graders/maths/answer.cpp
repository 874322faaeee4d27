#include "evals/graders/maths/answer.h"

#include <algorithm>
#include <array>

#include "evals/graders/maths/evaluate.h"
#include "evals/graders/maths/quantity.h"
#include "evals/graders/maths/vocabulary.h"

namespace quantrial::maths {
namespace {

using Span = std::span<const Token>;

constexpr std::array<std::string_view, 8> relation_signs{
    "=", "<", ">", "<=", ">=", "!=", "~=", "in"};

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

class Reader {
 public:
  explicit Reader(Span tokens) : tokens_(tokens) {}

  Answer read() {
    while (tokens_.size() > 2 && tokens_[0].is(TokenKind::open, "{") && is_one_bracket(tokens_)) {
      tokens_ = tokens_.subspan(1, tokens_.size() - 2);
    }
    Answer answer;
    for (const auto step : {&Reader::list, &Reader::united, &Reader::relation, &Reader::plus_minus,
                            &Reader::bracket, &Reader::known_set, &Reader::real_numbers_without,
                            &Reader::matrix, &Reader::words, &Reader::based, &Reader::value}) {
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

  // `x \in S` is S; of `a \approx b` only a counts, or b where a is a name.
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
      const bool variable = answer.kind == AnswerKind::value &&
                            answer.value.operation == Operation::symbol &&
                            !variables(answer.value).empty();
      if (variable && found.parts.size() == 2) answer = read_answer(found.parts[1]);
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
    if (!is_one_bracket(tokens_)) return turned_bracket(answer);
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

  // ]1, 2[ is (1, 2).
  bool turned_bracket(Answer& answer) const {
    if (tokens_.size() < 5) return false;
    const Token &first = tokens_.front(), &last = tokens_.back();
    const bool open = first.is(TokenKind::close, "]"), closed = last.is(TokenKind::close, "]");
    const bool turned = open || last.is(TokenKind::open, "[");
    if (!turned || (!open && !first.is(TokenKind::open, "["))) return false;
    if (!closed && !last.is(TokenKind::open, "[")) return false;
    const Split found = split(tokens_.subspan(1, tokens_.size() - 2), divides_list);
    if (found.parts.size() != 2) return false;
    answer.kind = AnswerKind::tuple;
    answer.open = open ? "(" : "[";
    answer.close = closed ? "]" : ")";
    for (const Span part : found.parts) answer.parts.push_back(read_answer(part));
    return true;
  }

  // \{x \mid x > 3\} is x > 3; \{2n : n \in Z\} keeps its element.
  static bool set(Span inside, const Split& list, Answer& answer) {
    const Split where =
        split(inside, [](const Token& t) { return t.is_sign("|") || t.is_sign(":"); });
    if (where.parts.size() == 2 && !where.parts[0].empty()) {
      const Span element = where.parts[0], condition = where.parts[1];
      const bool variable =
          element[0].kind == TokenKind::symbol && (element.size() == 1 || element[1].is_sign("in"));
      if (variable) {
        answer = read_answer(condition);
        return true;
      }
      if (std::any_of(condition.begin(), condition.end(), divides_relation)) {
        answer.kind = AnswerKind::builder;
        answer.parts = {read_answer(element), read_answer(condition)};
        return true;
      }
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

  // \mathbb{R} \setminus \{1, 2\}: the intervals between the values.
  bool real_numbers_without(Answer& answer) {
    const Split found = split(tokens_, [](const Token& t) { return t.is_sign("without"); });
    if (found.parts.size() != 2 || joined(found.parts[0]) != "mathbb R") return false;
    Answer taken = read_answer(found.parts[1]);
    if (taken.kind != AnswerKind::set || taken.parts.empty()) return false;
    std::vector<std::pair<long double, Answer>> places;
    for (Answer& part : taken.parts) {
      const auto at = part.kind == AnswerKind::value ? evaluate<long double>(part.value, Point{})
                                                     : std::nullopt;
      if (!at) return false;
      places.emplace_back(at->value.real(), std::move(part));
    }
    std::sort(places.begin(), places.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    const Token minus{TokenKind::sign, "-"}, infinity{TokenKind::symbol, "infinity"};
    Answer interval;
    interval.kind = AnswerKind::tuple;
    interval.open = "(";
    interval.close = ")";
    interval.parts = {read_answer(Tokens{minus, infinity}), {}};
    for (const auto& [at, place] : places) {
      interval.parts[1] = place;
      answer.parts.push_back(interval);
      interval.parts[0] = place;
    }
    interval.parts[1] = read_answer(Tokens{infinity});
    answer.parts.push_back(std::move(interval));
    answer.kind = AnswerKind::united;
    return true;
  }

  // The tokens within \begin{...matrix} ... \end{...matrix}, when they are all.
  static std::optional<Span> environment(Span tokens) {
    if (tokens.size() < 9 || !tokens[0].is(TokenKind::command, "begin")) return std::nullopt;
    const std::string& name = tokens[2].text;
    if (!name.ends_with("matrix") && name != "array") return std::nullopt;
    if (name == "vmatrix" || name == "Vmatrix") return std::nullopt;
    if (!tokens[tokens.size() - 4].is(TokenKind::command, "end")) return std::nullopt;
    Span inside = tokens.subspan(4, tokens.size() - 8);
    if (name == "array" && !inside.empty() && inside[0].kind == TokenKind::open) {
      size_t end = 0;
      while (end < inside.size() && inside[end].kind != TokenKind::close) ++end;
      inside = inside.subspan(std::min(end + 1, inside.size()));
    }
    return inside;
  }

  // What stands before \begin: nothing, "-", a value and perhaps a sign of multiplication.
  static std::optional<Expression> factor(Span tokens) {
    const Expression one{Operation::number, {}, Rational(1), {}};
    if (tokens.empty()) return one;
    if (tokens.size() == 1 && tokens[0].is_sign("-")) {
      return Expression{Operation::negation, {}, {}, {one}};
    }
    if (tokens.back().is_sign("*")) tokens = tokens.subspan(0, tokens.size() - 1);
    return parse_expression(tokens);
  }

  bool matrix(Answer& answer) {
    const auto is_begin = [](const Token& t) { return t.is(TokenKind::command, "begin"); };
    const auto begin = std::find_if(tokens_.begin(), tokens_.end(), is_begin);
    const auto inside = environment(Span(begin, tokens_.end()));
    const auto times = inside ? factor(Span(tokens_.begin(), begin)) : std::nullopt;
    if (!times) return false;
    const Split rows = split(*inside, [](const Token& t) { return t.is_sign("\\\\"); });
    for (const Span row : rows.parts) {
      if (row.empty()) continue;
      const Split cells = split(row, [](const Token& t) { return t.is_sign("&"); });
      if (answer.columns != 0 && answer.columns != cells.parts.size()) return false;
      answer.columns = cells.parts.size();
      for (const Span cell : cells.parts) answer.parts.push_back(read_answer(cell));
    }
    for (Answer& cell : answer.parts) {
      if (begin == tokens_.begin() || cell.kind != AnswerKind::value) continue;
      cell.value = {Operation::product, {}, {}, {*times, cell.value}};
      cell.text.clear();
    }
    answer.kind = AnswerKind::matrix;
    return true;
  }

  bool words(Answer& answer) { return read_words(tokens_, answer); }

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

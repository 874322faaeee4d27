#include "evals/graders/maths/answer.h"

#include <algorithm>
#include <array>

#include "evals/graders/maths/vocabulary.h"
#include "evals/graders/maths/wording.h"

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

  // Plain words before a value are dropped ("about 5"), and so are units behind it; with any other
  // words it is not that value.
  bool words(Answer& answer) {
    const auto first = std::find_if_not(tokens_.begin(), tokens_.end(), is_word);
    const bool has_number = std::any_of(tokens_.begin(), tokens_.end(),
                                        [](const Token& t) { return t.kind == TokenKind::number; });
    const Span before(tokens_.begin(), first);
    const Lead lead = has_number ? lead_of(phrase(before)) : Lead::plain;
    if (first == tokens_.end() || (!before.empty() && !has_number) || lead == Lead::other) {
      answer.kind = AnswerKind::words;
      return true;
    }
    const Span rest = tokens_.subspan(before.size());
    const std::vector<Span> parts = quantities(rest);
    const bool has_unit = std::any_of(rest.begin(), rest.end(), is_word);
    if (!has_unit && lead == Lead::plain) {
      tokens_ = rest;
      return false;
    }
    if (parts.size() > 1) {
      compound(parts, answer);
    } else {
      answer = has_unit ? quantity(rest) : read_answer(rest);
    }
    if (lead == Lead::negative) negate(answer);
    return true;
  }

  // Tokens as they were written, roughly: letters that were one word are one word.
  static std::string phrase(Span tokens) {
    std::string text;
    for (const Token& token : tokens) {
      const bool apart = token.space_before || is_word(token);
      text += (apart ? " " : "") + token.text + (is_word(token) ? " " : "");
    }
    return text;
  }

  // Cut where a number follows a word: 1 hour 30 minutes.
  static std::vector<Span> quantities(Span tokens) {
    std::vector<Span> parts;
    size_t from = 0;
    for (size_t i = 1; i < tokens.size(); ++i) {
      const bool number = tokens[i].kind == TokenKind::number || tokens[i].text == "frac";
      if (!number || !is_word(tokens[i - 1]) || tokens[i - 1].text.ends_with("mod")) continue;
      parts.push_back(tokens.subspan(from, i - from));
      from = i;
    }
    parts.push_back(tokens.subspan(from));
    return parts;
  }

  static void compound(const std::vector<Span>& parts, Answer& answer) {
    for (const Span part : parts) {
      answer.parts.push_back(quantity(part));
      const bool has_unit = std::any_of(part.begin(), part.end(), is_word);
      if (has_unit && answer.parts.back().kind == AnswerKind::value) continue;
      answer.parts.clear();
      answer.kind = AnswerKind::words;
      return;
    }
    answer.kind = AnswerKind::compound;
  }

  // A value with a unit; only words when the unit is none.
  static Answer quantity(Span tokens) {
    const auto word = std::find_if(tokens.begin(), tokens.end(), is_word);
    const Span behind(word, tokens.end());
    const Unit unit = unit_of(phrase(behind));
    Answer answer;
    if (!unit.understood) {
      answer.kind = AnswerKind::words;
      answer.text = joined(tokens);
      return answer;
    }
    if (!is_unit(behind)) return answer;
    answer = read_answer(Span(tokens.begin(), word));
    answer.percent |= unit.percent;
    if (unit.factor == 1 || answer.kind != AnswerKind::value) return answer;
    answer.text.clear();
    answer.value = {Operation::product,
                    {},
                    {},
                    {answer.value, {Operation::number, {}, Rational(unit.factor), {}}}};
    return answer;
  }

  static void negate(Answer& answer) {
    if (answer.kind == AnswerKind::value) {
      answer.value = {Operation::negation, {}, {}, {answer.value}};
    } else {
      answer = {};
      answer.kind = AnswerKind::words;
    }
    answer.text.clear();
  }

  // cm^2, miles per hour, m/s: words, letters, exponents and signs between them. Whatever follows
  // "mod" belongs to it.
  static bool is_unit(Span tokens) {
    const bool modulus = !tokens.empty() && tokens[0].text.find("mod") != std::string::npos;
    for (size_t i = 0; i < tokens.size(); ++i) {
      const Token& t = tokens[i];
      const bool raised =
          i > 0 && (tokens[i - 1].is_sign("^") ||
                    (i > 1 && (tokens[i - 2].is_sign("^") || tokens[i - 1].is_sign("-"))));
      const bool part = t.kind == TokenKind::word || t.kind == TokenKind::symbol ||
                        t.kind == TokenKind::open || t.kind == TokenKind::close ||
                        (t.kind == TokenKind::number && (raised || modulus)) || t.is_sign("/") ||
                        t.is_sign("^") || t.is_sign("*") || t.is_sign("-") || t.is_sign(".");
      if (!part) return false;
    }
    return true;
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

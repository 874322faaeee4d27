#include <algorithm>
#include <utility>

#include "evals/graders/maths/expression.h"
#include "evals/graders/maths/vocabulary.h"

namespace quantrial::maths {
namespace {

constexpr int deepest = 80;
constexpr size_t most_digits = 2500;

template <typename... Parts>
Expression make(Operation operation, Parts... parts) {
  Expression e{operation, {}, {}, {}};
  (e.arguments.push_back(std::move(parts)), ...);
  return e;
}
Expression call(std::string name, std::vector<Expression> arguments) {
  return {Operation::function, std::move(name), {}, std::move(arguments)};
}
Expression whole(int64_t value) { return {Operation::number, {}, Rational(value), {}}; }

// Recursive descent. A failure is remembered; the tree is then of no use.
class Parser {
 public:
  explicit Parser(std::span<const Token> tokens) : tokens_(tokens.begin(), tokens.end()) {}

  std::optional<Expression> run() {
    Expression e = group();
    if (failed_ || at_ != tokens_.size()) return std::nullopt;
    return e;
  }

 private:
  const Token* peek(size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }
  bool at_sign(std::string_view text) const { return peek() && peek()->is_sign(text); }
  bool at(TokenKind kind) const { return peek() && peek()->kind == kind; }
  bool at_command(std::string_view text) const {
    return peek() && peek()->is(TokenKind::command, text);
  }
  bool take_sign(std::string_view text) {
    if (!at_sign(text)) return false;
    ++at_;
    return true;
  }
  Expression fail() {
    failed_ = true;
    at_ = tokens_.size();
    return whole(0);
  }

  // A sum, or two with \choose or \over between them.
  Expression group() {
    Expression above = sum();
    if (!at_command("choose") && !at_command("over")) return above;
    const bool choose = tokens_[at_++].text == "choose";
    return make(choose ? Operation::binomial : Operation::quotient, std::move(above), sum());
  }

  Expression sum() {
    if (++depth_ > deepest) return fail();
    std::vector<Expression> terms{term()};
    while (at_sign("+") || at_sign("-")) {
      const bool minus = peek()->text == "-";
      ++at_;
      Expression next = term();
      terms.push_back(minus ? make(Operation::negation, std::move(next)) : std::move(next));
    }
    --depth_;
    return terms.size() == 1 ? std::move(terms[0])
                             : Expression{Operation::sum, {}, {}, std::move(terms)};
  }

  Expression signed_factor() {
    bool negative = false;
    while (at_sign("-") || at_sign("+")) {
      negative ^= peek()->text == "-";
      ++at_;
    }
    return negative ? make(Operation::negation, factor()) : factor();
  }

  Expression term() {
    bool negative = false;
    while (at_sign("-") || at_sign("+")) {
      negative ^= peek()->text == "-";
      ++at_;
    }
    Expression value = factor();
    while (!failed_) {
      if (take_sign("*")) {
        value = make(Operation::product, std::move(value), signed_factor());
      } else if (take_sign("/") || take_sign(":")) {
        value = make(Operation::quotient, std::move(value), signed_factor());
      } else if (starts_factor()) {
        value = make(Operation::product, std::move(value), factor());
      } else {
        break;
      }
    }
    return negative ? make(Operation::negation, std::move(value)) : value;
  }

  // Whether a factor can stand here without a sign before it.
  bool starts_factor() const {
    const Token* token = peek();
    if (!token) return false;
    switch (token->kind) {
      case TokenKind::number:
        return at_ == 0 || tokens_[at_ - 1].kind != TokenKind::number;
      case TokenKind::symbol:
      case TokenKind::function:
        return true;
      case TokenKind::open:
        return token->text != "{{" && token->text != "<";
      case TokenKind::command:
        return token->text == "frac" || token->text == "binom" || token->text == "sqrt" ||
               token->text == "root" || token->text == "cbrt";
      case TokenKind::sign:
        return token->text == "|" && bars_ == 0;
      default:
        return false;
    }
  }

  Expression factor() {
    if (++depth_ > deepest) return fail();
    Expression value = primary();
    while (!failed_) {
      if (take_sign("!")) {
        value = make(Operation::factorial, std::move(value));
      } else if (take_sign("%")) {
        value = make(Operation::percent, std::move(value));
      } else if (at_command("degrees")) {
        ++at_;
        value = make(Operation::degrees, std::move(value));
      } else if (take_sign("^")) {
        value = raised(std::move(value));
      } else {
        break;
      }
    }
    --depth_;
    return value;
  }

  // Behind "^": ^\circ, or an exponent.
  Expression raised(Expression base) {
    const bool group = peek() && peek()->is(TokenKind::open, "{");
    if (at_command("degrees") ||
        (group && peek(1) && peek(2) && peek(1)->is(TokenKind::command, "degrees") &&
         peek(2)->kind == TokenKind::close)) {
      at_ += group ? 3 : 1;
      return make(Operation::degrees, std::move(base));
    }
    return make(Operation::power, std::move(base), exponent());
  }

  Expression exponent() {
    if (++depth_ > deepest) return fail();
    bool negative = false;
    while (at_sign("-") || at_sign("+")) {
      negative ^= peek()->text == "-";
      ++at_;
    }
    Expression value = primary();
    if (take_sign("^")) value = make(Operation::power, std::move(value), exponent());
    --depth_;
    return negative ? make(Operation::negation, std::move(value)) : value;
  }

  Expression primary() {
    if (!peek()) return fail();
    const Token token = *peek();
    switch (token.kind) {
      case TokenKind::number:
        return number();
      case TokenKind::symbol:
        ++at_;
        return symbol(token.text);
      case TokenKind::function:
        ++at_;
        return function(token.text);
      case TokenKind::open:
        return bracket();
      case TokenKind::command:
        ++at_;
        return command(token.text);
      case TokenKind::sign:
        if (token.text == "|" && bars_ == 0) return absolute_value();
        return fail();
      default:
        return fail();
    }
  }

  Expression number() {
    const std::string& text = tokens_[at_].text;
    if (text.size() > most_digits) return fail();
    const size_t bar = std::min(text.find('~'), text.size());
    const std::string digits = text.substr(0, bar);
    if (std::count(digits.begin(), digits.end(), '.') > 1) return fail();
    Expression value = whole(0);
    value.number =
        Rational::of_decimal(digits, bar == text.size() ? std::string() : text.substr(bar + 1));
    ++at_;
    if (digits.find('.') == std::string::npos && mixed_fraction_follows()) {
      value = make(Operation::sum, std::move(value), fraction_part());
    }
    return value;
  }

  // 1\frac{4}{5}, 2 1/2: a whole number, then a fraction of whole numbers.
  bool mixed_fraction_follows() const {
    if (at_command("frac")) {
      size_t i = at_ + 1;
      for (int part = 0; part < 2; ++part) {
        const bool group = i < tokens_.size() && tokens_[i].is(TokenKind::open, "{");
        i += group ? 1 : 0;
        if (i >= tokens_.size() || tokens_[i].kind != TokenKind::number) return false;
        if (!group && tokens_[i].text.size() > 1) return part == 0;
        i += group ? 2 : 1;
        if (group && (i > tokens_.size() || tokens_[i - 1].kind != TokenKind::close)) return false;
      }
      return true;
    }
    return peek(2) && at(TokenKind::number) && peek()->space_before && peek(1)->is_sign("/") &&
           peek(2)->kind == TokenKind::number;
  }
  Expression fraction_part() {
    if (at_command("frac")) return primary();
    Expression above = number();
    ++at_;
    return make(Operation::quotient, std::move(above), number());
  }

  Expression symbol(const std::string& name) {
    Expression value = Expression{Operation::symbol, name, {}, {}};
    if (name == "emptyset" || name.starts_with("mathbb")) return fail();
    if (take_sign("_")) value.name += "_" + subscript();
    while (take_sign("'")) value.name += "'";
    return value;
  }

  // The text of a subscript: one token or a group.
  std::string subscript() {
    std::string text;
    if (!peek()) return failed_ = true, text;
    if (!peek()->is(TokenKind::open, "{")) return tokens_[at_++].text;
    for (++at_; peek() && peek()->kind != TokenKind::close; ++at_) text += peek()->text;
    if (peek()) ++at_;
    return text;
  }

  Expression bracket() {
    const std::string open = tokens_[at_++].text;
    if (open == "{{" || open == "<") return fail();
    const int bars = std::exchange(bars_, 0);
    Expression inside = group();
    bars_ = bars;
    const std::string wanted = open == "(" ? ")" : open == "[" ? "]" : open == "{" ? "}" : open;
    if (!at(TokenKind::close) || peek()->text != wanted) return fail();
    ++at_;
    if (open == "floor" || open == "ceil") return call(open, {inside});
    return inside;
  }

  Expression absolute_value() {
    ++at_;
    ++bars_;
    Expression inside = sum();
    --bars_;
    if (!take_sign("|")) return fail();
    return call("abs", {std::move(inside)});
  }

  // What TeX takes as an argument: a group, or one digit, or one token.
  Expression tex_argument() {
    if (at(TokenKind::number) && peek()->text.size() > 1) {
      const std::string text = peek()->text;
      tokens_[at_].text = text.substr(1);
      if (text[0] < '0' || text[0] > '9') return fail();
      return whole(text[0] - '0');
    }
    if (at(TokenKind::number)) return whole(tokens_[at_++].text[0] - '0');
    return primary();
  }

  Expression command(const std::string& name) {
    if (++depth_ > deepest) return fail();
    Expression value = whole(0);
    if (name == "frac" || name == "binom") {
      Expression above = tex_argument();
      value = make(name == "frac" ? Operation::quotient : Operation::binomial, std::move(above),
                   tex_argument());
    } else if (name == "sqrt") {
      Expression degree = whole(2);
      if (peek() && peek()->is(TokenKind::open, "[")) degree = bracket();
      value = make(Operation::root, tex_argument(), std::move(degree));
    } else if (name == "root" || name == "cbrt") {
      value = make(Operation::root, primary(), whole(name == "root" ? 2 : 3));
    } else {
      return fail();
    }
    --depth_;
    return value;
  }

  Expression function(const std::string& name) {
    if (++depth_ > deepest) return fail();
    std::optional<Expression> base, power;
    if (take_sign("_")) base = exponent();
    if (take_sign("^")) power = exponent();
    std::vector<Expression> arguments = function_arguments();
    if (base) arguments.push_back(std::move(*base));
    --depth_;
    if (!power) return call(name, std::move(arguments));
    if (const auto exact = exact_value(*power); exact && *exact == Rational(-1)) {
      return call("arc" + name, std::move(arguments));
    }
    Expression value = call(name, std::move(arguments));
    return make(Operation::power, std::move(value), std::move(*power));
  }

  std::vector<Expression> function_arguments() {
    const bool bracketed =
        peek() && (peek()->is(TokenKind::open, "(") || peek()->is(TokenKind::open, "{"));
    if (!bracketed) return {bare_argument()};
    const std::string close = tokens_[at_++].text == "(" ? ")" : "}";
    std::vector<Expression> arguments{sum()};
    while (take_sign(",")) arguments.push_back(sum());
    if (!at(TokenKind::close) || peek()->text != close) return {fail()};
    ++at_;
    return arguments;
  }

  // \sin 2x, \ln 3: factors up to a sign or the next function.
  Expression bare_argument() {
    Expression value = signed_factor();
    while (!failed_ && starts_factor() && !at(TokenKind::function) && !at(TokenKind::open)) {
      value = make(Operation::product, std::move(value), factor());
    }
    return value;
  }

  Tokens tokens_;
  size_t at_ = 0;
  int depth_ = 0, bars_ = 0;
  bool failed_ = false;
};

void add_variables(const Expression& e, std::set<std::string>& to) {
  if (e.operation == Operation::symbol && e.name != "pi" && e.name != "e" && e.name != "i" &&
      e.name != "infinity") {
    to.insert(e.name);
  }
  for (const Expression& argument : e.arguments) add_variables(argument, to);
}

}  // namespace

std::optional<Expression> parse_expression(std::span<const Token> tokens) {
  if (tokens.empty()) return std::nullopt;
  return Parser(tokens).run();
}

std::set<std::string> variables(const Expression& expression) {
  std::set<std::string> names;
  add_variables(expression, names);
  return names;
}

}  // namespace quantrial::maths

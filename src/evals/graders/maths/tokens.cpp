#include "evals/graders/maths/tokens.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "evals/graders/maths/vocabulary.h"

namespace quantrial::maths {
namespace {

constexpr size_t longest_answer = 4000;  // bytes
constexpr size_t deepest = 60;           // open brackets

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

class Lexer {
 public:
  Lexer(std::string_view text, Commas commas) : text_(text), commas_(commas) {}

  std::optional<Tokens> run() {
    while (at_ < text_.size() && depth_ <= deepest) next();
    if (depth_ > deepest) return std::nullopt;
    while (!tokens_.empty() && (tokens_.back().is_sign(".") || tokens_.back().is_sign(","))) {
      tokens_.pop_back();
    }
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return text_.substr(at_); }

  void add(TokenKind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), space_});
    space_ = false;
  }
  void open(std::string bracket) {
    ++depth_;
    add(TokenKind::open, std::move(bracket));
  }
  void close(std::string bracket) {
    if (depth_ > 0) --depth_;
    add(TokenKind::close, std::move(bracket));
  }

  void next() {
    const char c = peek();
    if (is_space(c) || c == '$' || c == '~' || c == '`' || c == '"') {
      space_ = true;
      ++at_;
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      number();
    } else if (is_letter(c)) {
      letters();
    } else if (c == '\\') {
      backslash();
    } else {
      sign();
    }
  }

  size_t digits_from(size_t at) const {
    size_t end = at;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    return end - at;
  }

  // The length of a thousands separator here, 0 when there is none: {,} or ,\! or \, always, a
  // comma or a blank where numbers may be grouped.
  size_t group_separator() const {
    const auto three_follow = [&](size_t length) {
      return digits_from(at_ + length) == 3 ? length : 0;
    };
    if (rest().starts_with("{,}")) return three_follow(3);
    if (rest().starts_with("\\,")) return three_follow(2);
    if (peek() == ' ' && may_group_by_blanks()) return three_follow(1);
    if (peek() != ',') return 0;
    size_t length = 1;  // ",\! ", ", \!"
    const auto skip_space = [&] {
      while (at_ + length < text_.size() && is_space(text_[at_ + length])) ++length;
    };
    skip_space();
    if (text_.substr(at_ + length).starts_with("\\!")) {
      length += 2;
      skip_space();
      return three_follow(length);
    }
    return may_group() ? three_follow(1) : 0;
  }

  // 1 000 000; but 2 100/3 and \frac 1 200 are none.
  bool may_group_by_blanks() const {
    if (commas_ == Commas::separate || depth_ > 0) return false;
    const bool argument = !tokens_.empty() && tokens_.back().kind == TokenKind::command;
    return !argument && at_ + 4 <= text_.size() && text_.substr(at_ + 4, 1) != "/";
  }

  // Within brackets only where other commas have a space behind them: (1,000, 2,000).
  bool may_group() const {
    if (commas_ == Commas::separate) return false;
    if (depth_ == 0) return true;
    return text_.find(", ") != std::string_view::npos;
  }

  void number() {
    size_t count = digits_from(at_);
    std::string digits(text_.substr(at_, count));
    at_ += count;
    if (count <= 3 && count > 0) {
      while (const size_t separator = group_separator()) {
        at_ += separator;
        digits += text_.substr(at_, 3);
        at_ += 3;
      }
    }
    if (peek() == '.' && (is_digit(peek(1)) || text_.substr(at_ + 1).starts_with("\\overline{") ||
                          text_.substr(at_ + 1).starts_with("\\bar{"))) {
      ++at_;
      count = digits_from(at_);
      digits += "." + std::string(text_.substr(at_, count));
      at_ += count;
      repeating(digits);
    }
    add(TokenKind::number, std::move(digits));
    exponent();
  }

  void repeating(std::string& digits) {
    for (const std::string_view command : {"\\overline{", "\\bar{", "\\dot{"}) {
      if (!rest().starts_with(command)) continue;
      const size_t count = digits_from(at_ + command.size());
      const size_t end = at_ + command.size() + count;
      if (count == 0 || end >= text_.size() || text_[end] != '}') return;
      digits += "~" + std::string(text_.substr(at_ + command.size(), count));
      at_ = end + 1;
    }
  }

  // 1.5e3, 2E-7, 1e-5; but 2e-1 is a difference.
  void exponent() {
    if (peek() != 'e' && peek() != 'E') return;
    const size_t sign = peek(1) == '-' || peek(1) == '+' ? 1 : 0;
    const size_t count = digits_from(at_ + 1 + sign);
    const bool one = tokens_.back().text == "1";
    const bool decimal = tokens_.back().text.find('.') != std::string::npos;
    if (count == 0 || (peek() == 'e' && sign == 1 && count == 1 && !decimal && !one)) return;
    const std::string power(text_.substr(at_ + 1 + sign, count));
    const bool negative = peek(1) == '-';
    at_ += 1 + sign + count;
    const bool space = std::exchange(tokens_.back().space_before, false);
    tokens_.insert(tokens_.end() - 1, {TokenKind::open, "(", space});
    add(TokenKind::sign, "*");
    add(TokenKind::number, "10");
    add(TokenKind::sign, "^");
    add(TokenKind::open, "{");
    if (negative) add(TokenKind::sign, "-");
    add(TokenKind::number, power);
    add(TokenKind::close, "}");
    add(TokenKind::close, ")");
  }

  void letters() {
    size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    const std::string run(text_.substr(at_, end - at_));
    at_ = end;
    const std::string_view symbol = meaning(renamed_symbols, run);
    const bool many = depth_ == 0 || run.size() >= 4;
    if (is_ordinal(run)) return void(space_ = true);
    if (run == "or" || run == "and") return add(TokenKind::separator, run);
    if (run == "pi") return add(TokenKind::symbol, run);
    if (run == "sqrt") return add(TokenKind::command, "root");
    if (run == "cbrt") return add(TokenKind::command, run);
    if (run == "union") return add(TokenKind::sign, "cup");
    if (run == "x" && between_numbers()) return add(TokenKind::sign, "*");
    if (!symbol.empty()) return add(TokenKind::symbol, std::string(symbol));
    if (contains(function_names, run) && run != "min") return add(TokenKind::function, run);
    if (run == "min" && peek() == '(') return add(TokenKind::function, run);
    if (run.size() >= 4 || (many && contains(short_words, run))) {
      return add(TokenKind::word, run);
    }
    for (const char letter : run) add(TokenKind::symbol, std::string(1, letter));
  }

  // 1st, 22nd
  bool is_ordinal(std::string_view run) const {
    if (run.size() != 2 || space_ || tokens_.empty()) return false;
    if (tokens_.back().kind != TokenKind::number) return false;
    const char last = tokens_.back().text.back();
    return run == "th" || (run == "st" && last == '1') || (run == "nd" && last == '2') ||
           (run == "rd" && last == '3');
  }

  // 3 x 10^5, 3x10^5
  bool between_numbers() const {
    size_t after = at_;
    while (after < text_.size() && is_space(text_[after])) ++after;
    return !tokens_.empty() && tokens_.back().kind == TokenKind::number &&
           text_.substr(after).starts_with("10^");
  }

  void backslash() {
    ++at_;
    if (!is_letter(peek())) return backslash_sign();
    size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    const std::string name(text_.substr(at_, end - at_));
    at_ = end;
    command(name);
  }

  void backslash_sign() {
    const char c = peek();
    if (at_ < text_.size()) ++at_;
    if (c == '{') return open("{{");
    if (c == '}') return close("}}");
    if (c == '\\') return add(TokenKind::sign, "\\\\");
    if (c == '|') return add(TokenKind::sign, "|");
    if (c == '%' || c == '&') return add(TokenKind::sign, std::string(1, c));
    space_ = true;  // \, \; \! \$ \( \[ and the like
  }

  void command(const std::string& name) {
    if ((name == "left" || name == "right") && peek() == '.') ++at_;
    if (contains(layout_commands, name)) return void(space_ = true);
    if (contains(unseen_commands, name)) return skip_group();
    if (name == "pmod") return add(TokenKind::word, "mod");
    if (contains(text_commands, name)) return text_group();
    if (name == "lbrace") return open("{{");
    if (name == "rbrace") return close("}}");
    if (name == "langle") return open("<");
    if (name == "rangle") return close(">");
    if (name == "lfloor" || name == "lceil") return open(name.substr(1));
    if (name == "rfloor" || name == "rceil") return close(name.substr(1));
    if (name == "mathbb") return set_of_numbers();
    if (const auto sign = meaning(sign_commands, name); !sign.empty()) {
      return add(TokenKind::sign, std::string(sign));
    }
    if (const auto other = meaning(renamed_commands, name); !other.empty()) {
      return add(TokenKind::command, std::string(other));
    }
    if (contains(function_names, name)) return add(TokenKind::function, name);
    const auto symbol = meaning(renamed_symbols, name);
    add(TokenKind::symbol, symbol.empty() ? name : std::string(symbol));
  }

  void skip_group() {
    if (peek() == '{') at_ = std::min(text_.find('}', at_), text_.size() - 1) + 1;
  }

  // \text{...}: to the brace that closes it.
  void text_group() {
    while (is_space(peek())) ++at_;
    if (peek() != '{') return;
    size_t end = at_ + 1, depth = 1;
    for (; end < text_.size() && depth > 0; ++end) {
      if (text_[end] == '{') ++depth;
      if (text_[end] == '}') --depth;
    }
    std::string inside(text_.substr(at_ + 1, end - at_ - (depth == 0 ? 2 : 1)));
    at_ = end;
    std::erase_if(inside, [](char c) { return c == '{' || c == '}' || c == '\\' || c == '$'; });
    while (!inside.empty() && is_space(inside.back())) inside.pop_back();
    while (!inside.empty() && is_space(inside.front())) inside.erase(0, 1);
    if (inside.empty()) return void(space_ = true);
    if (inside == "or" || inside == "and") return add(TokenKind::separator, inside);
    if (inside == "e" || inside == "i") return add(TokenKind::symbol, inside);
    if (contains(function_names, inside)) return add(TokenKind::function, inside);
    if (inside.find_first_not_of("0123456789.") == std::string::npos) {
      return add(TokenKind::number, inside);
    }
    if (!quantities(inside)) add(TokenKind::word, inside);
  }

  // 7 days, 1 hour 30 minutes: numbers, and words behind them.
  bool quantities(std::string_view inside) {
    constexpr std::string_view digits = "0123456789.,";
    const auto sorted = [&](char c) {
      return is_letter(c) || c == ' ' || digits.find(c) != std::string_view::npos;
    };
    if (!is_digit(inside[0]) || !std::all_of(inside.begin(), inside.end(), sorted)) return false;
    Tokens found;
    while (!inside.empty()) {
      const bool number = is_digit(inside[0]);
      const size_t end =
          std::min(number ? inside.find_first_not_of(digits) : inside.find_first_of("0123456789"),
                   inside.size());
      std::string piece(inside.substr(0, end));
      inside.remove_prefix(end);
      if (number && (!inside.empty() && inside[0] != ' ')) return false;  // 4th
      while (number && (piece.back() == ',' || piece.back() == '.')) piece.pop_back();
      if (number) std::erase(piece, ',');
      while (!number && piece.back() == ' ') piece.pop_back();
      while (inside.starts_with(' ')) inside.remove_prefix(1);
      const bool joins = piece == "and" || piece == "or";
      found.push_back({number  ? TokenKind::number
                       : joins ? TokenKind::separator
                               : TokenKind::word,
                       piece, true});
    }
    tokens_.insert(tokens_.end(), found.begin(), found.end());
    return true;
  }

  void set_of_numbers() {
    while (peek() == '{' || is_space(peek())) ++at_;
    add(TokenKind::symbol, "mathbb " + std::string(1, peek()));
    if (at_ < text_.size()) ++at_;
    if (peek() == '}') ++at_;
  }

  bool follows_number() const {
    return !space_ && !tokens_.empty() && tokens_.back().kind == TokenKind::number;
  }

  void sign() {
    constexpr std::string_view two[] = {"**", "<=", ">=", "!=", "+-", "=="};
    constexpr std::string_view meanings[] = {"^", "<=", ">=", "!=", "+-", "="};
    for (size_t i = 0; i < std::size(two); ++i) {
      if (!rest().starts_with(two[i])) continue;
      if (two[i] == "!=" && follows_number()) continue;  // 5!=120
      at_ += 2;
      return add(TokenKind::sign, std::string(meanings[i]));
    }
    if (rest().starts_with("{:}")) {  // 12{:}30
      at_ += 3;
      return add(TokenKind::sign, ":");
    }
    if (rest().starts_with("...")) {
      at_ += 3;
      return add(TokenKind::sign, "...");
    }
    const char c = peek();
    ++at_;
    if (c == '(' || c == '[' || c == '{') return open(std::string(1, c));
    if (c == ')' || c == ']' || c == '}') return close(std::string(1, c));
    add(TokenKind::sign, std::string(1, c));
  }

  std::string_view text_;
  Commas commas_;
  Tokens tokens_;
  size_t at_ = 0, depth_ = 0;
  bool space_ = false;
};

}  // namespace

std::optional<Tokens> tokens_of(std::string_view text, Commas commas) {
  if (text.size() > longest_answer) return std::nullopt;
  while (text.starts_with("**") && text.ends_with("**") && text.size() > 4) {
    text = text.substr(2, text.size() - 4);
  }
  return Lexer(without_unicode(text), commas).run();
}

std::string joined(std::span<const Token> tokens) {
  std::string text;
  for (const Token& token : tokens) text += (text.empty() ? "" : " ") + token.text;
  return text;
}

}  // namespace quantrial::maths

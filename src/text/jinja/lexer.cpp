#include "text/jinja/lexer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/jinja/budget.h"
#include "text/jinja/python_text.h"

namespace quantrial::jinja {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_character(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// \r\n and \r become \n, and one newline at the end goes (keep_trailing_newline is off).
std::string with_unix_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_unix_newlines(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) step();
    add(TokenType::end, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error("line {}: {}", line_, what); }

  std::string_view rest() const { return std::string_view(source_).substr(at_); }

  void add(TokenType type, std::string text) { tokens_.push_back({type, std::move(text), line_}); }

  void advance(size_t count) {
    const std::string_view passed = rest().substr(0, count);
    line_ += static_cast<int>(std::ranges::count(passed, '\n'));
    if (!passed.empty()) at_line_start_ = passed.back() == '\n';
    at_ += passed.size();
  }

  void skip_white_space() {
    const auto left = stripped(rest(), std::nullopt, Side::left);
    advance(rest().size() - left.size());
  }

  // Text up to the next tag, then the tag.
  void step() {
    const size_t begin = find_tag();
    const std::string_view tag = rest().substr(begin, 2);
    const char sign = rest().size() > begin + 2 ? rest()[begin + 2] : '\0';
    add_data(rest().substr(0, begin), tag, sign);
    advance(begin);
    if (tag.empty()) return;
    const bool has_sign = sign == '-' || sign == '+';
    if (tag == "{#") {
      comment();
    } else if (tag == "{{" || !raw()) {
      const bool variable = tag == "{{";
      add(variable ? TokenType::variable_begin : TokenType::block_begin, "");
      advance(has_sign ? 3 : 2);
      inside(variable ? "}}" : "%}");
    }
  }

  // Bytes to the next {{, {% or {#; all that is left when there is none.
  size_t find_tag() const {
    const std::string_view text = rest();
    for (size_t i = 0; (i = text.find('{', i)) != text.npos; ++i) {
      if (i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '%' || text[i + 1] == '#'))
        return i;
    }
    return text.size();
  }

  // `tag`: the tag that follows the text, empty at the end of the source.
  void add_data(std::string_view text, std::string_view tag, char sign) {
    if (sign == '-' && !tag.empty()) {
      text = stripped(text, std::nullopt, Side::right);
    } else if (sign != '+' && (tag == "{%" || tag == "{#")) {  // lstrip_blocks
      const size_t newline = text.rfind('\n');
      const size_t line_start = newline == text.npos ? 0 : newline + 1;
      const bool whole_line = newline != text.npos || at_line_start_;
      if (whole_line && stripped(text.substr(line_start), std::nullopt, Side::both).empty()) {
        text = text.substr(0, line_start);
      }
    }
    if (!text.empty()) add(TokenType::data, std::string(text));
  }

  void comment() {
    const size_t end = rest().find("#}");
    if (end == std::string_view::npos) fail("a comment is not closed: {# without #}");
    const char sign = end > 2 ? rest()[end - 1] : '\0';
    advance(end + 2);
    after_block(sign);
  }

  // What goes after %} or #}: all white space after -%}, nothing after +%}, else one newline.
  void after_block(char sign) {
    if (sign == '-') {
      skip_white_space();
    } else if (sign != '+' && rest().starts_with('\n')) {
      advance(1);
    }
  }

  // {% raw %}...{% endraw %}; false when the tag here is another one.
  bool raw() {
    const auto opening = raw_tag(rest(), "raw");
    if (opening.bytes == 0) return false;
    advance(opening.bytes);
    if (opening.end_sign == '-') skip_white_space();
    for (size_t i = 0; (i = rest().find("{%", i)) != std::string_view::npos; i += 2) {
      const auto closing = raw_tag(rest().substr(i), "endraw");
      if (closing.bytes == 0) continue;
      add_data(rest().substr(0, i), "{%", closing.begin_sign);
      advance(i + closing.bytes);
      after_block(closing.end_sign);
      return true;
    }
    fail("{% raw %} without {% endraw %}");
  }

  struct RawTag {
    size_t bytes = 0;  // 0: not this tag
    char begin_sign = '\0', end_sign = '\0';
  };

  static RawTag raw_tag(std::string_view text, std::string_view name) {
    RawTag tag;
    size_t at = 2;
    const auto skip = [&] {
      while (at < text.size() && is_space(static_cast<unsigned char>(text[at]))) ++at;
    };
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) tag.begin_sign = text[at++];
    skip();
    if (!text.substr(std::min(at, text.size())).starts_with(name)) return {};
    at += name.size();
    skip();
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) tag.end_sign = text[at++];
    if (!text.substr(std::min(at, text.size())).starts_with("%}")) return {};
    tag.bytes = at + 2;
    return tag;
  }

  // Tokens up to and with `close`. Inside brackets "}}" is two brackets.
  void inside(std::string_view close) {
    std::string open_brackets;
    const size_t first = tokens_.size();
    while (true) {
      skip_white_space();
      if (tokens_.size() - first > max_tag_tokens) {
        fail(fmt::format("a tag has more than {} tokens", max_tag_tokens));
      }
      if (rest().empty()) fail(fmt::format("a tag is not closed: {} is missing", close));
      if (open_brackets.empty()) {
        const bool has_sign = rest()[0] == '-' || (rest()[0] == '+' && close == "%}");
        if (rest().substr(has_sign ? 1 : 0).starts_with(close)) {
          const char sign = has_sign ? rest()[0] : '\0';
          add(close == "}}" ? TokenType::variable_end : TokenType::block_end, "");
          advance(has_sign ? 3 : 2);
          if (close == "%}") after_block(sign);
          if (close == "}}" && sign == '-') skip_white_space();
          return;
        }
      }
      token(open_brackets);
    }
  }

  void token(std::string& open_brackets) {
    const char c = rest()[0];
    if (c == '"' || c == '\'') {
      string_literal(c);
    } else if (is_digit(c)) {
      number();
    } else if (is_name_character(c)) {
      size_t length = 0;
      while (length < rest().size() && is_name_character(rest()[length])) ++length;
      add(TokenType::name, std::string(rest().substr(0, length)));
      advance(length);
    } else {
      symbol(open_brackets);
    }
  }

  void symbol(std::string& open_brackets) {
    static constexpr std::string_view symbols[] = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto found =
        std::ranges::find_if(symbols, [&](std::string_view s) { return rest().starts_with(s); });
    if (found == std::end(symbols))
      fail(fmt::format("unexpected character '{}'", escaped(rest().substr(0, 1))));
    const char c = (*found)[0];
    if (c == '(' || c == '[' || c == '{') open_brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open_brackets.empty() || open_brackets.back() != c)
        fail(fmt::format("unexpected '{}'", c));
      open_brackets.pop_back();
    }
    add(TokenType::symbol, std::string(*found));
    advance(found->size());
  }

  // Digits with single underscores between them.
  size_t digits(size_t from) const {
    size_t at = from;
    const auto at_digit = [&](size_t i) { return i < rest().size() && is_digit(rest()[i]); };
    while (at_digit(at) ||
           (at > from && at < rest().size() && rest()[at] == '_' && at_digit(at + 1)))
      ++at;
    return at;
  }

  void number() {
    if (rest()[0] == '0' && rest().size() > 1 &&
        std::string_view("xXoObB").find(rest()[1]) != std::string_view::npos) {
      return prefixed_integer();
    }
    size_t end = digits(0);
    bool floating = false;
    const bool after_dot = !tokens_.empty() && tokens_.back().type == TokenType::symbol &&
                           tokens_.back().text == ".";  // x.0.1 has two subscripts
    if (!after_dot && end < rest().size() && rest()[end] == '.' && digits(end + 1) > end + 1) {
      end = digits(end + 1);
      floating = true;
    }
    if (end < rest().size() && (rest()[end] == 'e' || rest()[end] == 'E')) {
      size_t exponent = end + 1;
      if (exponent < rest().size() && (rest()[exponent] == '+' || rest()[exponent] == '-'))
        ++exponent;
      if (digits(exponent) > exponent) {
        end = digits(exponent);
        floating = true;
      }
    }
    std::string text(rest().substr(0, end));
    std::erase(text, '_');
    add(floating ? TokenType::floating : TokenType::integer, text);
    advance(end);
  }

  void prefixed_integer() {
    const char kind = static_cast<char>(rest()[1] | 0x20);
    const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : 2;
    size_t end = 2;
    while (end < rest().size() && (is_name_character(rest()[end]))) ++end;
    std::string text(rest().substr(2, end - 2));
    std::erase(text, '_');
    try {
      size_t used = 0;
      const long long value = std::stoll(text, &used, base);
      if (used != text.size()) throw std::invalid_argument(text);
      add(TokenType::integer, std::to_string(value));
    } catch (const std::logic_error&) {
      fail(fmt::format("not a number: {}", escaped(rest().substr(0, end))));
    }
    advance(end);
  }

  void string_literal(char quote) {
    std::string text;
    size_t i = 1;
    while (i < rest().size() && rest()[i] != quote) {
      if (rest()[i] == '\\' && i + 1 < rest().size()) {
        i += escape(rest().substr(i), text);
      } else {
        text += rest()[i++];
      }
    }
    if (i >= rest().size()) fail("a string is not closed");
    add(TokenType::text, std::move(text));
    advance(i + 1);
  }

  // Python's escapes (unicode_escape); unknown ones stay as they are. Returns the bytes read.
  size_t escape(std::string_view source, std::string& text) const {
    static constexpr std::string_view letters = "\n\\'\"abfnrtv";
    static constexpr std::string_view meanings[] = {"",   "\\", "'",  "\"", "\a", "\b",
                                                    "\f", "\n", "\r", "\t", "\v"};
    const char c = source[1];
    if (const size_t at = letters.find(c); at != letters.npos) {
      text += meanings[at];
      return 2;
    }
    if (c >= '0' && c <= '7') {
      size_t end = 1;
      while (end < 4 && end < source.size() && source[end] >= '0' && source[end] <= '7') ++end;
      text += utf8_of(
          static_cast<char32_t>(std::stoul(std::string(source.substr(1, end - 1)), nullptr, 8)));
      return end;
    }
    const size_t hex_digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (hex_digits == 0) {
      text += '\\';
      return 1;
    }
    const std::string hex(source.substr(2, hex_digits));
    if (hex.size() < hex_digits || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos) {
      fail(fmt::format("the escape \\{} needs {} hexadecimal digits", c, hex_digits));
    }
    const unsigned long code_point = std::stoul(hex, nullptr, 16);
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) {
      fail(fmt::format("the escape \\{}{} is no character", c, hex));
    }
    text += utf8_of(static_cast<char32_t>(code_point));
    return 2 + hex_digits;
  }

  std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace quantrial::jinja

#include "text/oniguruma.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace quantrial {
namespace {

struct Addition {
  uint32_t first, last;
  std::string_view category;
};

// Code points of Unicode 15 to 16 with their general category.
constexpr Addition additions[] = {
#include "text/unicode16_additions.inc"
};

// Members of a class. Unicode's White_Space, written out since PCRE2's \s has U+180E too.
constexpr std::string_view white_space = R"(\t-\r\x{85}\p{Z})";
constexpr std::string_view not_white_space = R"(\S\x{180e})";

// Not here: C and Cn, of which newer code points would have to be taken away.
constexpr std::string_view categories[] = {"L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc",
                                           "Me", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Ps",
                                           "Pe", "Pi", "Pf", "Po", "S",  "Sm", "Sc", "Sk", "So",
                                           "Z",  "Zs", "Zl", "Zp", "Cc", "Cf", "Co"};

// \p{category} as members of a class, newer code points included.
std::string members_of(std::string_view category) {
  std::string members = fmt::format("\\p{{{}}}", category);
  for (const auto& [first, last, its_category] : additions) {
    if (its_category.starts_with(category))
      members += fmt::format("\\x{{{:x}}}-\\x{{{:x}}}", first, last);
  }
  return members;
}

class Translation {
 public:
  explicit Translation(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    while (at_ < pattern_.size()) step();
    if (in_class_) refuse("an unclosed [");
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view construct) const {
    throw Error("regular expression \"{}\": {} at byte {} is not supported", escaped(pattern_),
                escaped(construct), at_);
  }

  char peek(size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }

  void copy(size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  void step() {
    const char c = peek();
    if (c == '\\') {
      escape();
    } else if (in_class_) {
      class_member(c);
    } else if (c == '[') {
      in_class_ = true;
      copy(peek(1) == '^' ? 2 : 1);
      if (peek() == ']') refuse("[]");
    } else {
      if (c == '}' && peek(1) == '+') refuse("{n,m}+");  // possessive in PCRE2 alone
      if (c == '(' && peek(1) == '?') check_group();
      copy(1);
    }
  }

  void class_member(char c) {
    if (c == '[') refuse("a class inside a class");
    if (c == '&' && peek(1) == '&') refuse("&&");
    if (c == ']') in_class_ = false;
    copy(1);
  }

  // Non-capturing and atomic groups, looking ahead and behind, and (?i) mean the same in both.
  void check_group() const {
    static constexpr std::string_view known[] = {
        "(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!", "(?i:", "(?i)", "(?-i:", "(?-i)"};
    const auto rest = pattern_.substr(at_);
    if (std::ranges::none_of(known, [&](auto group) { return rest.starts_with(group); })) {
      refuse(rest.substr(0, 4));
    }
  }

  void escape() {
    const char c = peek(1);
    if (c == 's') {
      emit_class(white_space, 2);
    } else if (c == 'S') {
      in_class_ ? emit_class(not_white_space, 2) : emit_complement(white_space, 2);
    } else if (c == 'd') {
      emit_class(members_of("Nd"), 2);
    } else if (c == 'D' && !in_class_) {
      emit_complement(members_of("Nd"), 2);
    } else if (c == 'p' || c == 'P') {
      property();
    } else if (c == 'x' && peek(2) == '{') {
      copy(3);
    } else if (is_same_in_both(c)) {
      copy(2);
    } else {
      refuse(pattern_.substr(at_, 2));
    }
  }

  // Escapes of control characters, of punctuation and of characters beyond ASCII.
  static bool is_same_in_both(char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                              (byte >= 'a' && byte <= 'z');
    return std::string_view("rntfae").find(c) != std::string_view::npos ||
           (byte > ' ' && !alphanumeric);
  }

  // \p{Lu}, \p{^Lu}, \P{Lu}
  void property() {
    const size_t close = pattern_.find('}', at_);
    if (peek(2) != '{' || close == std::string_view::npos) refuse(pattern_.substr(at_, 2));
    const size_t length = close + 1 - at_;
    std::string_view name = pattern_.substr(at_ + 3, length - 4);
    bool complement = peek(1) == 'P';
    if (name.starts_with('^')) {
      complement = !complement;
      name.remove_prefix(1);
    }
    const bool known = std::ranges::find(categories, name) != std::end(categories);
    if (!known || (complement && in_class_)) refuse(pattern_.substr(at_, length));
    complement ? emit_complement(members_of(name), length) : emit_class(members_of(name), length);
  }

  void emit_class(std::string_view members, size_t consumed) {
    out_ += in_class_ ? std::string(members) : fmt::format("[{}]", members);
    at_ += consumed;
  }

  void emit_complement(std::string_view members, size_t consumed) {
    out_ += fmt::format("[^{}]", members);
    at_ += consumed;
  }

  std::string_view pattern_;
  size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
};

}  // namespace

std::string pcre2_pattern(std::string_view pattern) { return Translation(pattern).run(); }

}  // namespace quantrial

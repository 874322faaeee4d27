#include "evals/graders/ifeval/python_json.h"

#include <algorithm>
#include <string>

namespace quantrial::python {
namespace {

constexpr int deepest = 990;              // Python's recursion limit, less its own frames
constexpr size_t longest_integer = 4300;  // digits that int() takes

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool document() {
    skip_space();
    if (!value(0)) return false;
    skip_space();
    return rest_.empty();
  }

 private:
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size()));
  }
  size_t skip_digits() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_digit);
    const auto count = static_cast<size_t>(end - rest_.begin());
    rest_.remove_prefix(count);
    return count;
  }

  bool value(int depth) {
    if (depth > deepest) return false;
    if (take("{")) return members(depth);
    if (take("[")) return elements(depth);
    if (take("\"")) return string();
    for (const auto* word : {"null", "true", "false", "NaN", "Infinity", "-Infinity"}) {
      if (take(word)) return true;
    }
    return number();
  }

  bool members(int depth) {
    skip_space();
    if (take("}")) return true;
    for (;;) {
      if (!take("\"") || !string()) return false;
      skip_space();
      if (!take(":")) return false;
      skip_space();
      if (!value(depth + 1)) return false;
      skip_space();
      if (take("}")) return true;
      if (!take(",")) return false;
      skip_space();
    }
  }

  bool elements(int depth) {
    skip_space();
    if (take("]")) return true;
    for (;;) {
      if (!value(depth + 1)) return false;
      skip_space();
      if (take("]")) return true;
      if (!take(",")) return false;
      skip_space();
    }
  }

  bool string() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (take("u")) {
      if (rest_.size() < 4 || !std::all_of(rest_.begin(), rest_.begin() + 4, is_hex)) return false;
      rest_.remove_prefix(4);
      return true;
    }
    if (rest_.empty() || std::string_view("\"\\/bfnrt").find(rest_.front()) == rest_.npos) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  // What of a number is malformed ("1.", "2e") is left, and found by what follows.
  bool number() {
    take("-");
    const size_t digits = take("0") ? 1 : skip_digits();
    if (digits == 0) return false;
    bool integer = true;
    const auto optional_part = [&](std::string_view lead) {
      const std::string_view before = rest_;
      if (!take(lead)) return;
      if (lead != "." && !take("-")) take("+");
      if (skip_digits() == 0) {
        rest_ = before;
      } else {
        integer = false;
      }
    };
    optional_part(".");
    optional_part(rest_.starts_with("E") ? "E" : "e");
    return !integer || digits <= longest_integer;
  }

  std::string_view rest_;
};

}  // namespace

bool json_loads(std::string_view text) { return Reader(text).document(); }

}  // namespace quantrial::python

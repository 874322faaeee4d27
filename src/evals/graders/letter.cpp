#include "evals/graders/letter.h"

#include <cctype>
#include <string>

namespace quantrial {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// Without \text{ and the like, white space, Markdown and dollars.
std::string plain(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      while (i + 1 < text.size() && is_letter(text[i + 1])) ++i;
    } else if (std::string_view("*_`${}\"'").find(text[i]) == std::string_view::npos) {
      result += text[i];
    }
  }
  const size_t first = result.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? std::string() : result.substr(first);
}

}  // namespace

std::optional<char> letter_of(std::string_view answer) {
  if (answer.size() > 2000) return std::nullopt;
  std::string text = plain(answer);
  for (const std::string_view lead :
       {"option ", "Option ", "choice ", "Choice ", "answer ", "The answer is "}) {
    if (text.starts_with(lead)) text.erase(0, lead.size());
  }
  const bool bracket = text.starts_with("(") || text.starts_with("[");
  const std::string_view rest = std::string_view(text).substr(bracket ? 1 : 0);
  if (rest.empty() || !is_letter(rest[0])) return std::nullopt;
  const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(rest[0])));
  const std::string_view after = rest.substr(1);
  if (bracket) {
    if (after.starts_with(")") || after.starts_with("]")) return letter;
    return std::nullopt;
  }
  constexpr std::string_view ends = ").:,;-";
  const size_t next = after.find_first_not_of(" \t\r\n");
  if (next == std::string_view::npos) return letter;
  if (next == 0 && ends.find(after[0]) != std::string_view::npos) return letter;
  return std::nullopt;
}

}  // namespace quantrial

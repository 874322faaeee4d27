#include "evals/graders/letter.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace quantrial {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
bool is_any_of(std::string_view signs, char c) { return signs.find(c) != std::string_view::npos; }

bool starts_with_any_case(std::string_view text, std::string_view small) {
  return text.size() >= small.size() && std::equal(small.begin(), small.end(), text.begin(),
                                                   [](char a, char b) { return a == lower(b); });
}

// From the first letter, digit or other byte that is neither white space nor one of `signs`.
std::string_view behind(std::string_view text, std::string_view signs) {
  const size_t first = text.find_first_not_of(std::string(" \t\r\n") + std::string(signs));
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

// Without \text{ and the like, white space, Markdown and dollars; dashes are hyphens.
std::string plain(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\u2013") || text.substr(i).starts_with("\u2014")) {
      result += '-';
      i += 2;
    } else if (text[i] == '\\') {
      while (i + 1 < text.size() && is_letter(text[i + 1])) ++i;
    } else if (!is_any_of("*_`${}\"'", text[i])) {
      result += text[i];
    }
  }
  return std::string(behind(result, ""));
}

// Whether the single letter at `at` stands for an option: in brackets, or joined to the first one
// by a sign, "or", "maybe" or the like, with nothing behind it but signs and the next one.
bool is_option(std::string_view text, size_t at, std::string_view word_before) {
  const char before = at > 0 ? text[at - 1] : ' ';
  const std::string_view after = text.substr(at + 1);
  if (is_any_of("([", before) && !after.empty() && is_any_of(")]", after[0])) return true;
  const std::string_view gap = text.substr(0, text.find_last_not_of(" ", at > 0 ? at - 1 : 0) + 1);
  constexpr std::string_view joins[] = {"",        "or",       "and",      "possibly", "maybe",
                                        "perhaps", "probably", "actually", "also"};
  const bool joined =
      std::find(std::begin(joins), std::end(joins), word_before) != std::end(joins) ||
      (!gap.empty() && is_any_of(",;/&", gap.back()));
  const std::string_view next = behind(after, "");
  const bool ends = next.empty() || is_any_of(".,;:)/&-", next[0]) ||
                    starts_with_any_case(next, "or ") || starts_with_any_case(next, "and ");
  return joined && ends;
}

// Whether what follows the letter of an option names another one: "B, C", "(A) or (B)".
bool names_another(std::string_view rest, char letter) {
  std::string word_before;
  for (size_t i = 0; i < rest.size();) {
    size_t end = i;
    while (end < rest.size() && std::isalnum(static_cast<unsigned char>(rest[end])) != 0) ++end;
    if (end == i) {
      ++i;
      continue;
    }
    const bool single = end == i + 1 && is_letter(rest[i]);
    const bool same_case = std::isupper(static_cast<unsigned char>(rest[i])) != 0 ||
                           std::islower(static_cast<unsigned char>(letter)) != 0;
    if (single && same_case && lower(rest[i]) != lower(letter) && is_option(rest, i, word_before)) {
      return true;
    }
    word_before.assign(rest.substr(i, end - i));
    std::transform(word_before.begin(), word_before.end(), word_before.begin(), lower);
    i = end;
  }
  return false;
}

std::string without_lead(std::string text) {
  constexpr std::string_view leads[] = {"the ",    "correct ", "final ", "best ", "option ",
                                        "choice ", "answer ",  "is ",    "is: "};
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view lead : leads) {
      if (!starts_with_any_case(text, lead)) continue;
      text = behind(std::string_view(text).substr(lead.size()), "");
      found = true;
    }
  }
  return text;
}

// What follows the letter "B" or "(B)" when that can be an option; nothing when it is a word.
std::optional<std::string_view> rest_of_option(std::string_view text) {
  const bool bracket = text.starts_with("(") || text.starts_with("[");
  std::string_view rest = text.substr(bracket ? 1 : 0);
  if (rest.empty() || !is_letter(rest[0])) return std::nullopt;
  rest.remove_prefix(1);
  if (bracket) {
    if (rest.empty() || !is_any_of(")]", rest[0])) return std::nullopt;
    return rest.substr(1);
  }
  const std::string_view next = behind(rest, "");
  if (next.empty()) return next;
  const bool apart = next.size() != rest.size();
  if (apart ? next.starts_with("- ") || next.starts_with(": ") : is_any_of(").:,;-", next[0])) {
    return rest;
  }
  if (next[0] == '(' && (next.ends_with(')') || next.ends_with(")."))) return rest;  // B (pear)
  return std::nullopt;
}

}  // namespace

std::string plain_option(std::string_view answer) {
  std::string text = plain(answer);
  while (!text.empty() && is_any_of(" \t\r\n.", text.back())) text.pop_back();
  return text;
}

std::optional<char> letter_of(std::string_view answer) {
  if (answer.size() > 2000) return std::nullopt;
  const std::string text = without_lead(plain(answer));
  const auto rest = rest_of_option(text);
  if (!rest) return std::nullopt;
  const char letter = text[is_letter(text[0]) ? 0 : 1];
  if (names_another(*rest, letter)) return std::nullopt;
  return static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
}

std::optional<LetterAndText> letter_and_text_of(std::string_view answer) {
  if (answer.size() > 2000) return std::nullopt;
  const std::string text = without_lead(plain(answer));
  const auto rest = rest_of_option(text);
  if (!rest) return std::nullopt;
  const char letter = text[is_letter(text[0]) ? 0 : 1];
  std::string behind_it = plain_option(behind(*rest, ").:,;-("));
  if (behind(*rest, "").starts_with("(") && behind_it.ends_with(')')) behind_it.pop_back();
  return LetterAndText{static_cast<char>(std::toupper(static_cast<unsigned char>(letter))),
                       std::move(behind_it)};
}

}  // namespace quantrial

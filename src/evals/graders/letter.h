// The letter of an option, as models write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quantrial {

// C of "C", "(C)", "C.", "**C**", "\text{C}", "(C) Monday", "C: Monday", "C (Monday)", "option C";
// nothing when there is none, it could be a word ("A dog"), or another one is named ("B or C").
std::optional<char> letter_of(std::string_view answer);

// "C: Monday" apart, whatever is named.
struct LetterAndText {
  char letter;
  std::string text;
};
std::optional<LetterAndText> letter_and_text_of(std::string_view answer);

// Without \text{}, Markdown, quotes and a full stop.
std::string plain_option(std::string_view answer);

}  // namespace quantrial

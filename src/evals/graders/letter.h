// The letter of an option, as models write it.
#pragma once

#include <optional>
#include <string_view>

namespace quantrial {

// C of "C", "(C)", "C.", "**C**", "\text{C}", "(C) Monday", "C: Monday", "option C"; nothing when
// there is none or it could be a word ("A dog").
std::optional<char> letter_of(std::string_view answer);

}  // namespace quantrial

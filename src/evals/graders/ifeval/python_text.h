// What Python's str methods do, on valid UTF-8: the official graders of IFEval are written with
// them, and their corner cases decide verdicts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quantrial::python {

bool is_space(char32_t c);                      // str.isspace() of a character
std::string_view strip(std::string_view text);  // white space at both ends
std::string_view strip(std::string_view text, std::string_view ascii);  // these characters
std::vector<std::string_view> split(std::string_view text);             // at runs of white space
std::vector<std::string_view> split(std::string_view text, std::string_view separator);
std::string replace(std::string_view text, std::string_view from, std::string_view to);

std::string lower(std::string_view text);  // full mapping: final sigma, dotted I
bool is_upper(std::string_view text);      // something has case, and all of it is upper case
bool is_lower(std::string_view text);
bool is_upper(char32_t c);  // Unicode's Uppercase

std::u32string code_points(std::string_view text);
std::string_view first_character(std::string_view text);  // empty when `text` is

}  // namespace quantrial::python

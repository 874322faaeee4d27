// Python's str in UTF-8: what its methods do, counted in code points.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial::jinja {

// The code points of `text`, each as its bytes; a byte that is not UTF-8 stands for itself.
std::vector<std::string_view> characters(std::string_view text);
char32_t code_point_of(std::string_view character);
std::string utf8_of(char32_t code_point);
size_t text_length(std::string_view text);

// str.isspace of one character.
bool is_space(char32_t code_point);

enum class Side { left, right, both };
// str.strip, lstrip, rstrip; without `unwanted`, white space goes.
std::string_view stripped(std::string_view text, std::optional<std::string_view> unwanted,
                          Side side);

// str.split and rsplit; `limit` < 0: no limit; without a separator at runs of white space.
std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               int64_t limit);
std::vector<std::string> split_from_right(std::string_view text,
                                          std::optional<std::string_view> separator, int64_t limit);
enum class LineEnds { drop, keep };
std::vector<std::string> split_lines(std::string_view text, LineEnds line_ends);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalized(std::string_view text);
std::string title(std::string_view text);        // str.title
std::string title_words(std::string_view text);  // Jinja2's filter: words after spaces, - ( { [ <

// str.replace; `limit` < 0: all.
std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     int64_t limit);
// Bytes of the result.
size_t replaced_bytes(std::string_view text, std::string_view from, std::string_view to);

// How often `part` is in `text`, without overlaps (str.count).
int64_t count_of(std::string_view text, std::string_view part);

enum class TextClass { alphabetic, decimal, alphanumeric, space, lower, upper };
// str.isalpha, isdigit, ...
bool is_all(std::string_view text, TextClass text_class);

// markupsafe.escape.
std::string html_escaped(std::string_view text);

}  // namespace quantrial::jinja

// Text that a server cut within a character, at the end of a chunk: half of a UTF-8 sequence, or
// one surrogate of a pair. JSON can hold neither, so both travel through the parser as characters
// of plane 16, and become whole when the chunks' texts stand side by side.
#pragma once

#include <string>
#include <string_view>

namespace quantrial {

// `json` with a stand-in for each byte that is not UTF-8 and each \uXXXX of half a pair.
std::string with_stand_ins(std::string_view json);
// The halves that stand-ins stand for, as bytes that are not UTF-8.
std::string without_stand_ins(std::string_view text);
// Halves that meet are joined; those left alone become U+FFFD.
std::string joined_halves(std::string_view text);

}  // namespace quantrial

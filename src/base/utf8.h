// UTF-8 well-formedness (Unicode 15, table 3-7), for error messages, the tokenizer's input,
// streamed output and texts side by side.
#pragma once

#include <cstddef>
#include <string_view>

namespace quantrial {

// Length in bytes (1-4) of the well-formed sequence at the start of `text`; 0 when there is none.
size_t utf8_sequence_length(std::string_view text);

// Bytes of `text` that can be shown now: all of it, less a last sequence that is still incomplete
// but could become well-formed with more bytes.
size_t utf8_complete_prefix(std::string_view text);

// How many bytes from the start two texts share, whole characters.
size_t utf8_common_prefix(std::string_view a, std::string_view b);

}  // namespace quantrial

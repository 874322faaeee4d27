// The private tests of LiveCodeBench: base64 of zlib of a Python pickle of one text. The unpickler
// knows texts and nothing else: no pickle can name a class or call anything.
#pragma once

#include <string>
#include <string_view>

namespace quantrial {

// Throw Error (`where`) when the bytes are something else.
std::string decode_base64(std::string_view text, const std::string& where);
std::string unpickled_text(std::string_view pickle, const std::string& where);
// All three steps.
std::string packed_text(std::string_view base64, const std::string& where);

}  // namespace quantrial

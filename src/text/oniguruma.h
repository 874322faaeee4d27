// Regular expressions of tokenizer files: from Oniguruma's syntax (which the tokenizers library
// uses, with Unicode 16) to PCRE2's (10.42: Unicode 14).
#pragma once

#include <string>
#include <string_view>

namespace quantrial {

// A PCRE2 pattern (PCRE2_UTF | PCRE2_UCP) that matches what `pattern` matches in Oniguruma.
// - \s: Oniguruma takes Unicode's White_Space, PCRE2 adds U+180E; \d: Nd.
// - \p{..}: general categories, with the code points that are newer than PCRE2's tables.
// Throws Error for what the two read differently and published tokenizers do not use: \w \h \b \R,
// scripts, nested and intersected classes, {n,m}+.
std::string pcre2_pattern(std::string_view pattern);

}  // namespace quantrial

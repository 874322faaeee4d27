#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "base/error.h"
#include "text/oniguruma.h"

namespace quantrial {
namespace {

std::string pcre2_message(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

// Steps that one search may take: enough for every sane pattern, whose cost is linear in the text.
uint32_t step_limit(size_t text_bytes) {
  const size_t steps = 10'000'000 + 100 * text_bytes;
  return static_cast<uint32_t>(std::min<size_t>(steps, std::numeric_limits<uint32_t>::max()));
}

// The interpreter keeps its backtracking points on the heap and so has no limit of depth, which
// machine code on the thread's stack has (32 KiB).
int find_by_interpreter(const pcre2_code* code, std::string_view text, size_t start,
                        pcre2_match_data* match_data) {
  const std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context(
      pcre2_match_context_create(nullptr), &pcre2_match_context_free);
  pcre2_set_match_limit(context.get(), step_limit(text.size()));
  pcre2_set_depth_limit(context.get(), std::numeric_limits<uint32_t>::max());
  return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                     PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match_data, context.get());
}

}  // namespace

void Regex::Free::operator()(void* code) const { pcre2_code_free(static_cast<pcre2_code*>(code)); }

void Regex::Scratch::Free::operator()(void* match_data) const {
  pcre2_match_data_free(static_cast<pcre2_match_data*>(match_data));
}

Regex::Scratch::Scratch() : match_data_(pcre2_match_data_create(1, nullptr)) {
  require(match_data_ != nullptr, "Regex::Scratch: out of memory");
}

Regex::Regex(std::string_view oniguruma_pattern) {
  const std::string pattern = pcre2_pattern(oniguruma_pattern);
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);  // `.` stops at \n only
  pcre2_set_parens_nest_limit(context.get(), 100);
  int error = 0;
  size_t offset = 0;
  code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                            PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                            &error, &offset, context.get()));
  if (code_ == nullptr) {
    throw Error("regular expression \"{}\": {}", escaped(oniguruma_pattern), pcre2_message(error));
  }
  compiled_to_machine_code_ =
      pcre2_jit_compile(static_cast<pcre2_code*>(code_.get()), PCRE2_JIT_COMPLETE) == 0;
}

std::optional<Regex::Match> Regex::find(std::string_view text, size_t start,
                                        Scratch& scratch) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  auto* match_data = static_cast<pcre2_match_data*>(scratch.match_data_.get());
  int result = PCRE2_ERROR_JIT_STACKLIMIT;
  if (compiled_to_machine_code_) {
    result = pcre2_jit_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start, 0,
                             match_data, nullptr);
  }
  if (result == PCRE2_ERROR_JIT_STACKLIMIT || result == PCRE2_ERROR_MATCHLIMIT) {
    result = find_by_interpreter(code, text, start, match_data);
  }
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (result < 0) {
    throw Error("regular expression of the tokenizer: {} at byte {} of {}", pcre2_message(result),
                start, text.size());
  }
  const size_t* offsets = pcre2_get_ovector_pointer(match_data);
  return Match{offsets[0], offsets[1]};
}

}  // namespace quantrial

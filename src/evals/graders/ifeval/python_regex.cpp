#include "evals/graders/ifeval/python_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/error.h"

namespace quantrial {
namespace {

// str.isspace(): PCRE2's \s lacks U+001C to U+001F and has U+180E.
constexpr std::string_view space =
    "\\t-\\r\\x1c-\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}"
    "\\x{3000}";

// \s and \S outside of brackets; `re` lets a caseless i match the Turkish letters as well.
std::string translated(std::string_view pattern) {
  std::string result;
  const bool caseless = pattern.starts_with("(?i)");
  bool in_class = false;
  for (size_t at = caseless ? 4 : 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '\\' && at + 1 < pattern.size()) {
      const char kind = pattern[++at];
      if (kind == 's' && !in_class) {
        result += fmt::format("[{}]", space);
      } else if (kind == 'S' && !in_class) {
        result += fmt::format("[^{}]", space);
      } else {
        result += {c, kind};
      }
    } else if (caseless && !in_class && (c == 'i' || c == 'I')) {
      result += "[i\\x{130}\\x{131}]";
    } else {
      in_class = c == '[' || (in_class && c != ']');
      result += c;
    }
  }
  return caseless ? "(?i)" + result : result;
}

std::string pcre2_message(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

void PythonRegex::Free::operator()(void* code) const {
  pcre2_code_free(static_cast<pcre2_code*>(code));
}

PythonRegex::PythonRegex(std::string_view pattern) : pattern_(pattern) {
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  const std::string ours = translated(pattern);
  int error = 0;
  size_t offset = 0;
  code_.reset(pcre2_compile(units(ours), ours.size(),
                            PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                            context.get()));
  if (code_ == nullptr) {
    throw Error("regular expression \"{}\": {}", escaped(pattern), pcre2_message(error));
  }
}

std::optional<PythonRegex::Match> PythonRegex::search(std::string_view text, size_t start) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code, nullptr), &pcre2_match_data_free);
  require(data != nullptr, "PythonRegex: out of memory");
  const int groups =
      pcre2_match(code, units(text), text.size(), start, PCRE2_NO_UTF_CHECK, data.get(), nullptr);
  if (groups == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (groups < 0) {
    throw Error("regular expression \"{}\": {}", escaped(pattern_), pcre2_message(groups));
  }
  const size_t* offsets = pcre2_get_ovector_pointer(data.get());
  Match match(pcre2_get_ovector_count(data.get()));
  for (size_t g = 0; g < match.size() && g < static_cast<size_t>(groups); ++g) {
    if (offsets[2 * g] != PCRE2_UNSET) match[g] = Span{offsets[2 * g], offsets[2 * g + 1]};
  }
  return match;
}

std::vector<std::string_view> PythonRegex::find_all(std::string_view text) const {
  std::vector<std::string_view> found;
  size_t at = 0;
  while (const auto match = search(text, at)) {
    const Span span = *match->front();
    found.push_back(text.substr(span.begin, span.end - span.begin));
    at = span.end;
    if (span.begin != span.end) continue;
    if (at == text.size()) break;
    do ++at;  // an empty match: on by a character
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  }
  return found;
}

std::vector<std::string_view> PythonRegex::split(std::string_view text) const {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (const std::string_view match : find_all(text)) {
    const auto at = static_cast<size_t>(match.data() - text.data());
    parts.push_back(text.substr(begin, at - begin));
    begin = at + match.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string PythonRegex::replace_all(std::string_view text, const std::string& replacement) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  std::string result(text.size() * 2 + 64, '\0');
  for (;;) {
    size_t length = result.size();
    const int count = pcre2_substitute(
        code, units(text), text.size(), 0,
        PCRE2_NO_UTF_CHECK | PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH, nullptr,
        nullptr, units(replacement), replacement.size(),
        reinterpret_cast<PCRE2_UCHAR*>(result.data()), &length);
    if (count >= 0 || count != PCRE2_ERROR_NOMEMORY) {
      if (count < 0) {
        throw Error("regular expression \"{}\": {}", escaped(pattern_), pcre2_message(count));
      }
      result.resize(length);
      return result;
    }
    result.resize(length);
  }
}

}  // namespace quantrial

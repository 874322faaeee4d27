#include "evals/graders/extraction.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/strip.h"

namespace quantrial {
namespace {

using Found = std::optional<std::string>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Found some(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return std::string(text);
}

std::string_view without_markdown(std::string_view line) { return stripped(line, " \t\r\n*_`#"); }

// The last place of `word` in any case; npos without one.
size_t last_ignoring_case(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  const auto at = std::find_end(text.begin(), text.end(), word.begin(), word.end(), same);
  return at == text.end() ? std::string_view::npos : static_cast<size_t>(at - text.begin());
}

// From the brace at `open` to the one that closes it; \{ and \} are no braces.
std::optional<std::string_view> within_braces(std::string_view text, size_t open) {
  int64_t depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return text.substr(open + 1, i - open - 1);
    }
  }
  return std::nullopt;
}

}  // namespace

Found last_boxed(std::string_view reply) {
  size_t at = std::string_view::npos, length = 0;
  for (const std::string_view command : {"\\boxed", "\\fbox"}) {
    const size_t found = reply.rfind(command);
    if (found == std::string_view::npos || (at != std::string_view::npos && found < at)) continue;
    at = found;
    length = command.size();
  }
  if (at == std::string_view::npos) return std::nullopt;
  const size_t start = reply.find_first_not_of(ascii_space, at + length);
  if (start == std::string_view::npos) return std::nullopt;
  if (reply[start] != '{') {  // \boxed 5
    return some(reply.substr(start, reply.find_first_of(" \t\r\n$", start) - start));
  }
  const auto inside = within_braces(reply, start);
  return inside ? some(stripped(*inside)) : std::nullopt;
}

Found last_number(std::string_view reply) {
  const size_t last = reply.find_last_of("0123456789");
  if (last == std::string_view::npos) return std::nullopt;
  size_t first = last;
  while (first > 0) {
    const char before = reply[first - 1];
    const bool joins = (before == '.' || before == ',' || before == '/') && first > 1 &&
                       is_digit(reply[first - 2]);
    if (!is_digit(before) && !joins) break;
    --first;
  }
  if (first > 0 && reply[first - 1] == '.') --first;
  if (first > 0 && reply[first - 1] == '-' &&
      (first < 2 || !std::isalnum(static_cast<unsigned char>(reply[first - 2])))) {
    --first;
  }
  return std::string(reply.substr(first, last - first + 1));
}

Found answer_line(std::string_view reply) {
  size_t at = reply.size();
  while ((at = last_ignoring_case(reply.substr(0, at), "answer")) != std::string_view::npos) {
    std::string_view rest = reply.substr(at + 6);
    rest.remove_prefix(std::min(rest.find_first_not_of(" *_`"), rest.size()));
    if (!rest.starts_with(':')) continue;
    rest = without_markdown(rest.substr(1));
    return some(without_markdown(rest.substr(0, rest.find('\n'))));
  }
  return std::nullopt;
}

namespace {

// From the value of "answer": on.
Found json_value(std::string_view rest) {
  if (!rest.starts_with('"') && !rest.starts_with('\'')) {
    return some(stripped(rest.substr(0, rest.find_first_of(",}\n"))));
  }
  size_t end = 1;
  while (end < rest.size() && rest[end] != rest[0]) end += rest[end] == '\\' ? 2 : 1;
  if (end >= rest.size()) return std::nullopt;
  const auto value = nlohmann::json::parse(rest.substr(0, end + 1), nullptr, false);
  return some(stripped(value.is_string() ? value.get<std::string>()
                                         : std::string(rest.substr(1, end - 1))));
}

}  // namespace

Found json_answer(std::string_view reply) {
  size_t at = reply.size();
  while ((at = last_ignoring_case(reply.substr(0, at), "answer")) != std::string_view::npos) {
    const std::string_view rest = reply.substr(at + 6);
    const char quote = at > 0 ? reply[at - 1] : ' ';
    if ((quote != '"' && quote != '\'') || !rest.starts_with(quote)) continue;
    const std::string_view value = stripped(rest.substr(1));
    if (value.starts_with(':')) return json_value(stripped(value.substr(1)));
  }
  return std::nullopt;
}

Found tagged_answer(std::string_view reply) {
  const size_t at = reply.rfind("[ANSWER]");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = reply.substr(at + 8);
  return some(stripped(rest.substr(0, rest.find("[/ANSWER]"))));
}

Found last_line(std::string_view reply) {
  std::string_view rest = stripped(reply);
  while (!rest.empty()) {
    const size_t before = rest.find_last_of('\n');
    const std::string_view line =
        without_markdown(before == std::string_view::npos ? rest : rest.substr(before + 1));
    if (!line.empty() || before == std::string_view::npos) return some(line);
    rest = stripped(rest.substr(0, before));
  }
  return std::nullopt;
}

std::vector<Extraction::Finder> Extraction::finders(const std::vector<std::string>& names,
                                                    const std::string& where) {
  struct Named {
    std::string_view name;
    Finder finder;
  };
  static constexpr Named list[] = {
      {"boxed", last_boxed},
      {"number", last_number},
      {"answer-line", answer_line},
      {"json", json_answer},
      {"tag", tagged_answer},
      {"last-line", last_line},
      {"whole", [](std::string_view reply) { return some(stripped(reply)); }}};
  std::vector<Finder> found;
  for (const std::string& name : names) {
    const auto at = std::find_if(std::begin(list), std::end(list),
                                 [&](const Named& named) { return named.name == name; });
    if (at == std::end(list)) {
      throw Error(
          "{}: extract: '{}', use boxed, number, answer-line, json, tag, last-line or whole", where,
          escaped(name));
    }
    found.push_back(at->finder);
  }
  return found;
}

Extraction::Extraction(const GraderOptions& options, std::vector<std::string> by_default)
    : strict_(finders(options.texts("extract", std::move(by_default)), options.where())),
      lenient_(finders(options.texts("lenient", {}), options.where())) {}

namespace {

constexpr int most_tries = 50;

Found first_found(std::string_view reply, Found (*find)(std::string_view),
                  const Extraction::IsAnswer& is_answer) {
  const Found last = find(reply);
  if (!last || is_answer(*last) || (find != json_answer && find != answer_line)) return last;
  for (int i = 0; i < most_tries; ++i) {
    const size_t at = last_ignoring_case(reply, "answer");
    if (at == std::string_view::npos) break;
    reply = reply.substr(0, at);
    Found earlier = find(reply);
    if (earlier && is_answer(*earlier)) return earlier;
  }
  return last;
}

}  // namespace

Found Extraction::strict(std::string_view reply, const IsAnswer& is_answer) const {
  for (const Finder find : strict_) {
    if (Found found = first_found(reply, find, is_answer)) return found;
  }
  return std::nullopt;
}

Found Extraction::lenient(std::string_view reply, const IsAnswer& is_answer) const {
  Found found = strict(reply, is_answer);
  for (size_t i = 0; i < lenient_.size() && !found; ++i) {
    found = first_found(reply, lenient_[i], is_answer);
  }
  return found;
}

}  // namespace quantrial

// Regular expressions that match what Python's `re` matches in str, on UTF-8. Flags stand in the
// pattern: (?i), (?m), (?x).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

class PythonRegex {
 public:
  // Throws Error when the pattern is malformed.
  explicit PythonRegex(std::string_view pattern);

  struct Span {
    size_t begin, end;  // bytes
  };
  // The whole match, then its groups; nullopt: took no part.
  using Match = std::vector<std::optional<Span>>;

  // All of these take valid UTF-8 and throw Error when a search takes millions of steps.
  std::optional<Match> search(std::string_view text, size_t start = 0) const;
  std::vector<std::string_view> find_all(std::string_view text) const;  // whole matches
  size_t count(std::string_view text) const { return find_all(text).size(); }
  std::vector<std::string_view> split(std::string_view text) const;
  // `replacement` with $0, $1, ... for the match and its groups.
  std::string replace_all(std::string_view text, const std::string& replacement) const;

 private:
  struct Free {
    void operator()(void* code) const;
  };
  std::string pattern_;
  std::unique_ptr<void, Free> code_;
};

}  // namespace quantrial

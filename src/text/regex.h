// A pre-tokenizer's regular expression. Tokenizer files are written for Oniguruma; PCRE2 runs them
// here. The pattern is translated so that both match the same text (oniguruma.h).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace quantrial {

class Regex {
 public:
  // Throws Error when the pattern is malformed or uses what is not translated.
  explicit Regex(std::string_view oniguruma_pattern);

  struct Match {
    size_t begin, end;  // bytes
  };

  // What one thread needs while it searches.
  class Scratch {
   public:
    Scratch();

   private:
    friend class Regex;
    struct Free {
      void operator()(void* match_data) const;
    };
    std::unique_ptr<void, Free> match_data_;
  };

  // The first match in `text` (valid UTF-8) that begins at `start` or later. Throws Error when the
  // pattern backtracks without end.
  std::optional<Match> find(std::string_view text, size_t start, Scratch& scratch) const;

 private:
  struct Free {
    void operator()(void* code) const;
  };
  std::unique_ptr<void, Free> code_;
  bool compiled_to_machine_code_ = false;
};

}  // namespace quantrial

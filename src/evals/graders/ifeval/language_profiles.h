// How often 55 languages use which sequences of one to three characters: the profiles of
// langdetect 1.0.9, counted on Wikipedia (language_profiles.txt.xz, tools/make_ifeval_data.py).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quantrial {

// Up to three characters in one number, the last one lowest.
using Ngram = uint64_t;
constexpr Ngram followed_by(Ngram ngram, char32_t c) { return ngram << 21 | c; }

class LanguageProfiles {
 public:
  LanguageProfiles();

  struct Share {
    uint32_t language;
    double probability;  // of the sequence among those of its length
  };
  const std::vector<std::string>& languages() const { return languages_; }
  // nullptr: no profile has it.
  const std::vector<Share>* shares(Ngram ngram) const;

  // Chinese characters of one class are counted as its first one.
  char32_t class_of(char32_t c) const;

 private:
  void read_language(std::string_view totals, std::string_view ngrams, std::string_view counts);

  std::vector<std::string> languages_;
  std::unordered_map<Ngram, std::vector<Share>> shares_;
  std::unordered_map<char32_t, char32_t> classes_;
};

}  // namespace quantrial

#include "evals/graders/ifeval/language_profiles.h"

#include <charconv>

#include "base/compressed_file.h"
#include "base/error.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial {
namespace {

constexpr unsigned char packed[] = {
#include "evals/graders/ifeval/language_profiles.inc"
};

uint64_t number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  require(error == std::errc() && end == text.end(), "language profiles: no number");
  return value;
}

}  // namespace

// Lines of classes (all members, the first one stands for them), an empty line, then three lines a
// language: its name and the number of sequences of length 1, 2 and 3; the sequences in order,
// each without the beginning it shares with the one before but with the length of that; counts.
LanguageProfiles::LanguageProfiles() {
  const std::string text = unxz({reinterpret_cast<const char*>(packed), sizeof packed},
                                "language profiles", size_t{1} << 24);
  const std::vector<std::string_view> lines = python::split(text, "\n");
  size_t at = 0;
  for (; !lines[at].empty(); ++at) {
    const std::u32string members = python::code_points(lines[at]);
    for (const char32_t c : members) classes_[c] = members.front();
  }
  for (++at; at + 2 < lines.size(); at += 3) {
    read_language(lines[at], lines[at + 1], lines[at + 2]);
  }
}

void LanguageProfiles::read_language(std::string_view totals, std::string_view ngrams,
                                     std::string_view counts) {
  const std::vector<std::string_view> head = python::split(totals, "\t"),
                                      names = python::split(ngrams, "\t"),
                                      frequencies = python::split(counts, "\t");
  require(head.size() == 4 && names.size() == frequencies.size(), "language profiles: columns");
  const auto language = static_cast<uint32_t>(languages_.size());
  languages_.emplace_back(head[0]);
  std::u32string ngram;
  for (size_t i = 0; i < names.size(); ++i) {
    ngram.resize(number(names[i].substr(0, 1)));
    ngram += python::code_points(names[i].substr(1));
    Ngram key = 0;
    for (const char32_t c : ngram) key = followed_by(key, c);
    const auto count = static_cast<double>(number(frequencies[i]));
    shares_[key].push_back({language, count / static_cast<double>(number(head[ngram.size()]))});
  }
}

const std::vector<LanguageProfiles::Share>* LanguageProfiles::shares(Ngram ngram) const {
  const auto at = shares_.find(ngram);
  return at == shares_.end() ? nullptr : &at->second;
}

char32_t LanguageProfiles::class_of(char32_t c) const {
  const auto at = classes_.find(c);
  return at == classes_.end() ? c : at->second;
}

}  // namespace quantrial

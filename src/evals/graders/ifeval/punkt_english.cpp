#include "base/compressed_file.h"
#include "base/error.h"
#include "evals/graders/ifeval/python_text.h"
#include "evals/graders/ifeval/sentences.h"

namespace quantrial {
namespace {

constexpr unsigned char packed[] = {
#include "evals/graders/ifeval/punkt_english.inc"
};

}  // namespace

// Lines: a list's name and its words, separated by tabs.
PunktEnglish::PunktEnglish() {
  const std::string text = unxz({reinterpret_cast<const char*>(packed), sizeof packed},
                                "Punkt's English", size_t{1} << 24);
  for (const std::string_view line : python::split(python::strip(text), "\n")) {
    const std::vector<std::string_view> entries = python::split(line, "\t");
    const std::string_view list = entries.front();
    for (size_t i = 1; i < entries.size(); ++i) {
      const std::string word(entries[i]);
      if (list == "abbreviations") {
        abbreviations.insert(word);
      } else if (list == "sentence_starters") {
        sentence_starters.insert(word);
      } else if (list == "collocations") {
        collocations.insert(word);
      } else if (list == "lower") {
        words[word] |= lower;
      } else if (list == "starts_upper") {
        words[word] |= lower | starts_upper;
      } else {
        require(list == "starts_lower", "Punkt's English: a list");
        words[word] |= lower | starts_lower;
      }
    }
  }
}

}  // namespace quantrial

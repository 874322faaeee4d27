// Sentences as NLTK's Punkt tokenizer for English finds them (Kiss and Strunk 2006, "Unsupervised
// Multilingual Sentence Boundary Detection"; nltk 3.9.1, nltk/tokenize/punkt.py).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "evals/graders/ifeval/python_regex.h"

namespace quantrial {

// What training saw of English: punkt_english.txt.xz, made by tools/make_ifeval_data.py.
struct PunktEnglish {
  PunktEnglish();

  enum Seen : unsigned {
    lower = 1,         // in lower case
    starts_upper = 2,  // in lower case, and capitalised at the start of sentences alone
    starts_lower = 4,  // at the start of a sentence in lower case, never capitalised
  };
  std::unordered_set<std::string> abbreviations;  // "u.s", without the last period
  std::unordered_set<std::string> sentence_starters;
  std::unordered_set<std::string> collocations;     // "j walter": no sentence ends between them
  std::unordered_map<std::string, unsigned> words;  // flags of Seen; absent: 0
};

class SentenceSplitter {
 public:
  SentenceSplitter();
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  struct Token;
  using Span = PythonRegex::Span;

  // A period, ? or ! that may end a sentence.
  struct Candidate {
    Span word, end, context;  // context: the word to what follows
    std::optional<Span> next_word;
  };
  std::vector<Candidate> candidates(std::string_view text) const;
  std::vector<Token> tokens(std::string_view context) const;
  bool ends_inside(std::string_view context) const;
  void judge_alone(Token& token) const;
  void judge_before(Token& token, const Token& next) const;
  std::vector<Span> sentences(std::string_view text) const;

  const PunktEnglish english_;
  // As in PunktLanguageVars; word_ keeps periods at the ends of words.
  const PythonRegex word_, period_context_, closing_;
  const PythonRegex ellipsis_{"\\A\\.\\.+$"}, initial_{"\\A[^\\W\\d]\\.$"},
      numeric_{"^-?[\\.,]?\\d[\\d,\\.-]*\\.?$"};
};

}  // namespace quantrial

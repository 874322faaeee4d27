// Words as NLTK's word_tokenize cuts them (nltk 3.9.1: NLTKWordTokenizer of
// nltk/tokenize/destructive.py, within the sentences of sentences.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evals/graders/ifeval/sentences.h"

namespace quantrial {

class WordTokenizer {
 public:
  WordTokenizer();

  std::vector<std::string> words(std::string_view text, const SentenceSplitter& splitter) const;

 private:
  struct Rule {
    PythonRegex pattern;
    std::string replacement;
  };
  std::vector<Rule> before_padding_, after_padding_;
};

}  // namespace quantrial

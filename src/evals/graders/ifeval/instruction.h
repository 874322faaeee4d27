// One verifiable instruction of IFEval: a kind ("punctuation:no_comma") and its arguments.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "evals/graders/ifeval/language.h"
#include "evals/graders/ifeval/sentences.h"
#include "evals/graders/ifeval/words.h"

namespace quantrial {

struct LanguageTools {
  SentenceSplitter sentences;
  WordTokenizer words;
  LanguageDetector languages;
};

class Instruction {
 public:
  // `where` names the question and the instruction in messages.
  Instruction(const nlohmann::ordered_json& arguments, const LanguageTools& tools,
              std::string where)
      : arguments_(arguments), tools_(tools), where_(std::move(where)) {}

  // Arguments by name. Throw Error for an absent (or null) one, and for another type.
  std::string text(const std::string& name) const;
  std::vector<std::string> texts(const std::string& name) const;
  int64_t integer(const std::string& name) const;
  // Whether `count` is, as the argument `relation` says, "at least" or "less than" the argument
  // `threshold`.
  bool holds(size_t count, const std::string& relation, const std::string& threshold) const;

  // Throws Error for an argument that means nothing.
  [[noreturn]] void refuse(const std::string& name, std::string_view why) const;

  const LanguageTools& tools() const { return tools_; }

 private:
  const nlohmann::ordered_json& argument(const std::string& name) const;

  const nlohmann::ordered_json& arguments_;
  const LanguageTools& tools_;
  std::string where_;
};

}  // namespace quantrial

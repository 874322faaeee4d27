// tokenizer.json and tokenizer_config.json as plain data, checked: what the file asks for is what
// the tokenizer does, or an Error says which key it cannot do.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe.h"

namespace quantrial {

struct TokenizerFile {
  bool normalize_nfc = false;
  std::vector<std::string> splits;  // Oniguruma patterns, applied one after another, "Isolated"
  Vocabulary vocabulary;
  std::vector<BpeMerge> merges;
  BpeOptions bpe;
  std::vector<AddedToken> added_tokens;  // their ids agree with the vocabulary
  std::optional<std::string> eos_token;  // of tokenizer_config.json
};

// From the text of a tokenizer.json. Throws Error naming the key and the value. "truncation" and
// "padding" are ignored, as transformers resets them.
TokenizerFile parse_tokenizer_file(std::string_view tokenizer_json);

// From a model's folder; errors name the file too.
TokenizerFile read_tokenizer_file(const std::filesystem::path& model_dir);

}  // namespace quantrial

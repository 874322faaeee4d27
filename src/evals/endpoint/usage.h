// What a server's `usage` says, and whether it can be.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace quantrial {

struct Usage {
  std::optional<int64_t> prompt, completion, reasoning;
};

// vLLM and OpenAI: completion_tokens_details.reasoning_tokens; SGLang: reasoning_tokens.
Usage read_usage(const nlohmann::ordered_json& usage);

// Whether two counts of the same text agree: text that is put into tokens again may differ by its
// end-of-text token, </think> and the newlines around it, and by 2 % where the model chose other
// pieces than the tokenizer does.
bool counts_agree(int64_t a, int64_t b);

// A usage that cannot be, whoever counts, in words; empty: none is wrong.
struct UsageFacts {
  int64_t pieces = 0;      // of the stream, with text
  int64_t text_bytes = 0;  // a token has one at least
  int64_t max_tokens = 0;
};
std::string impossible_usage(const Usage& usage, const UsageFacts& facts);

}  // namespace quantrial

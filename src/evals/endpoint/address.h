// Addresses of OpenAI-compatible servers as users write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

struct ServerAddress {
  std::string origin;  // "http://127.0.0.1:8000"
  std::string prefix;  // "/v1": what comes before /chat/completions

  std::string text() const { return origin + prefix; }
  // The path of what stands beside /v1, such as vLLM's and SGLang's /tokenize.
  std::string beside(std::string_view path) const;
};

// "http://HOST[:PORT][/PREFIX]"; without a prefix /v1; a full ".../chat/completions" is taken too.
// Throws Error with the remedy.
ServerAddress parse_address(const std::string& text);
// Several, with commas between them; each once.
std::vector<ServerAddress> parse_addresses(const std::string& text);

}  // namespace quantrial

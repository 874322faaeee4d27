// The body of a chat completion, as vLLM, SGLang and llama.cpp take it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evals/answerer.h"

namespace quantrial {

// Streamed, with usage, thinking on or off by the template's argument. Fields named in `omitted`
// stay away, for servers that refuse them.
nlohmann::ordered_json chat_request(const Ask& ask, const std::string& model,
                                    const std::vector<std::string>& omitted);

}  // namespace quantrial

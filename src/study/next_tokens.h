// What a model holds likeliest after given tokens.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "model/model.h"
#include "text/tokenizer.h"

namespace quantrial {

// [[text, probability], ...] of the `count` likeliest next tokens, before any sampler.
nlohmann::ordered_json likeliest_next(Model& model, const Tokenizer& tokenizer,
                                      const std::vector<int32_t>& tokens, size_t count);

}  // namespace quantrial

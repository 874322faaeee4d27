// What `quantrial generate` was asked to do; shared with its conversation (chat.cpp).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/engine_options.h"
#include "engine/engine.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace quantrial {

struct GenerateArguments {
  ModelArguments model;
  SamplingArguments sampling;
  std::optional<std::string> prompt, prompt_file, system, thinking;
  std::optional<int64_t> context;
  int64_t samples = 1;
  bool chat = false, raw = false, json = false;
};

// The template's input for `messages`, with enable_thinking when --thinking was given.
nlohmann::ordered_json template_input(const GenerateArguments& arguments,
                                      const nlohmann::ordered_json& messages);

// One line with token counts, rates and MTP acceptance.
std::string summary(const std::vector<Result>& results);

// A conversation on the terminal: reasoning dimmed, Ctrl-C stops the answer, /reset, /exit.
void chat(const GenerateArguments& arguments, const Tokenizer& tokenizer,
          const ChatTemplate& chat_template, Engine& engine, const Request& settings);

}  // namespace quantrial

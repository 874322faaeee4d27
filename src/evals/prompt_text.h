#pragma once

#include <optional>
#include <string>

#include "evals/answerer.h"
#include "text/chat_template.h"

namespace quantrial {

// The messages as the model reads them; without a template the last message as it is.
std::string prompt_text(const Ask& ask, const std::optional<ChatTemplate>& chat_template);

}  // namespace quantrial

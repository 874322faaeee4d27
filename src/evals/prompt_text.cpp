#include "evals/prompt_text.h"

namespace quantrial {

std::string prompt_text(const Ask& ask, const std::optional<ChatTemplate>& chat_template) {
  if (!chat_template) return ask.messages.back().at("content").get<std::string>();
  return chat_template->render({{"messages", ask.messages},
                                {"add_generation_prompt", true},
                                {"enable_thinking", ask.thinking}});
}

}  // namespace quantrial

// A model's chat template: messages in, prompt text out, as transformers' apply_chat_template
// renders it. Templates come from untrusted files: rendering is bounded in depth, steps and output.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace quantrial {

class ChatTemplate {
 public:
  // From chat_template.jinja, else chat_template.json, else tokenizer_config.json ("chat_template",
  // a string or a list of named ones, of which "tool_use" serves requests with tools); nothing when
  // the model has none. Throws Error when it does not parse.
  static std::optional<ChatTemplate> find(const std::filesystem::path& model_dir);
  // The same, and Error when the model has none.
  static ChatTemplate load(const std::filesystem::path& model_dir);

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // `input` is an object: "messages" (a list), and optionally "tools" (a list),
  // "add_generation_prompt" (default false) and any further variable of the template such as
  // "enable_thinking". bos_token, eos_token etc. come from tokenizer_config.json. Throws Error
  // naming the template's line and construct, also when the template itself refuses the messages
  // (raise_exception).
  std::string render(const nlohmann::ordered_json& input) const;

 private:
  struct Parts;
  explicit ChatTemplate(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace quantrial

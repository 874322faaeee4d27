// Our own count of an endpoint's tokens, and what its usage says beside it (evaluation.md 2.8).
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "evals/endpoint/chat_stream.h"
#include "evals/endpoint/http_connection.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace quantrial {

// The model's tokenizer and template, from its folder.
struct ModelText {
  Tokenizer tokenizer;
  std::optional<ChatTemplate> chat_template;

  static ModelText load(const std::filesystem::path& dir);
};

class TokenCounter {
 public:
  // Counts with `model_text`; without it with the server's /tokenize, if it has one.
  TokenCounter(const ModelText* model_text, std::string model)
      : model_text_(model_text), model_(std::move(model)) {}

  // Fills in the token counts of `reply`: ours where there are any, else the server's (the split
  // only if it gives one). Usage that ours contradicts, that cannot be, or that is missing becomes
  // reply.warning. A "stop" at the limit of tokens becomes "length". Any thread may call. False:
  // stopped while the server counted.
  bool count(const Ask& ask, const ChatStream& stream, const ServerAddress& address,
             HttpConnection& connection, Reply& reply);

 private:
  std::optional<std::vector<int32_t>> tokenize(const std::string& text,
                                               const ServerAddress& address,
                                               HttpConnection& connection);
  void count_ourselves(const Ask& ask, PromptEnd begins, Reply& reply) const;
  void count_at_server(PromptEnd begins, const ServerAddress& address, HttpConnection& connection,
                       Reply& reply);

  const ModelText* model_text_;
  std::string model_;
  std::atomic<bool> server_counts_ = true;
};

}  // namespace quantrial

#include "evals/endpoint/token_count.h"

#include "base/error.h"
#include "evals/endpoint/server_json.h"
#include "evals/endpoint/usage.h"
#include "evals/prompt_text.h"
#include "evals/sample_text.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr const char* stop = "stop";
constexpr const char* length = "length";

std::string mismatch(const char* what, int64_t server, int64_t ours) {
  return fmt::format("usage: the server counts {} {} tokens, we {}", server, what, ours);
}

void add_warning(std::string& warnings, const std::string& warning) {
  if (warning.empty()) return;
  if (!warnings.empty()) warnings += "; ";
  warnings += warning;
}

// The end-of-text token is no part of the text.
int64_t unseen_end(const Reply& reply) { return reply.finish_reason == stop ? 1 : 0; }

void compare(const Usage& usage, const UsageFacts& facts, Reply& reply) {
  const std::string impossible = impossible_usage(usage, facts);
  add_warning(reply.warning, impossible);
  if (reply.generated_tokens) {
    if (usage.completion && !counts_agree(*usage.completion, *reply.generated_tokens)) {
      add_warning(reply.warning,
                  mismatch("completion", *usage.completion, *reply.generated_tokens));
    }
  } else if (usage.completion >= 0) {
    reply.generated_tokens = usage.completion;
    if (usage.reasoning && impossible.empty()) {
      reply.thinking_tokens = usage.reasoning;
      reply.answer_tokens = *usage.completion - *usage.reasoning;
    }
  }
  if (!reply.prompt_tokens) {
    if (usage.prompt >= 0) reply.prompt_tokens = usage.prompt;
  } else if (usage.prompt && !counts_agree(*usage.prompt, *reply.prompt_tokens)) {
    add_warning(reply.warning, mismatch("prompt", *usage.prompt, *reply.prompt_tokens));
  }
}

}  // namespace

ModelText ModelText::load(const std::filesystem::path& dir) {
  return {Tokenizer::load(dir), ChatTemplate::find(dir)};
}

void TokenCounter::count_ourselves(const Ask& ask, PromptEnd begins, Reply& reply) const {
  const Tokenizer& tokenizer = model_text_->tokenizer;
  reply.token_ids = tokenizer.encode(reply.text);
  reply.tokenized_again = true;
  const TokenSplit split = reply.in_thinking ? TokenSplit{.thinking = std::ssize(reply.token_ids)}
                                             : split_tokens(reply.token_ids, tokenizer, begins);
  reply.thinking_tokens = split.thinking + (reply.in_thinking ? unseen_end(reply) : 0);
  reply.answer_tokens = split.answer + (reply.in_thinking ? 0 : unseen_end(reply));
  reply.generated_tokens = *reply.thinking_tokens + *reply.answer_tokens;
  const std::string prompt = prompt_text(ask, model_text_->chat_template);
  reply.prompt_tokens = static_cast<int64_t>(tokenizer.encode(prompt).size());
}

std::optional<std::vector<int32_t>> TokenCounter::tokenize(const std::string& text,
                                                           const ServerAddress& address,
                                                           HttpConnection& connection) {
  const ordered_json body = {{"model", model_}, {"prompt", text}, {"add_special_tokens", false}};
  const HttpReply reply = connection.post(address.beside("/tokenize"), body.dump());
  if (reply.end != HttpReply::End::complete) return std::nullopt;
  const ordered_json answer = ordered_json::parse(reply.body, nullptr, false);
  const std::vector<int64_t> ids = integers_at(answer, "tokens");
  if (reply.status != 200 || !answer.is_object() || !answer.contains("tokens")) {
    server_counts_ = false;  // it has no such path
    return std::nullopt;
  }
  return std::vector<int32_t>(ids.begin(), ids.end());
}

void TokenCounter::count_at_server(PromptEnd begins, const ServerAddress& address,
                                   HttpConnection& connection, Reply& reply) {
  const size_t split = reply.in_thinking
                           ? reply.text.size()
                           : split_sample(std::string_view(reply.text), begins).thinking_bytes;
  const auto thinking = tokenize(reply.text.substr(0, split), address, connection);
  if (!thinking) return;
  const auto answer = tokenize(reply.text.substr(split), address, connection);
  if (!answer) return;
  reply.token_ids = *thinking;
  reply.tokenized_again = true;
  reply.token_ids.insert(reply.token_ids.end(), answer->begin(), answer->end());
  (reply.in_thinking ? reply.thinking_tokens : reply.answer_tokens) = unseen_end(reply);
  reply.thinking_tokens =
      reply.thinking_tokens.value_or(0) + static_cast<int64_t>(thinking->size());
  reply.answer_tokens = reply.answer_tokens.value_or(0) + static_cast<int64_t>(answer->size());
  reply.generated_tokens = *reply.thinking_tokens + *reply.answer_tokens;
}

bool TokenCounter::count(const Ask& ask, const ChatStream& stream, const ServerAddress& address,
                         HttpConnection& connection, Reply& reply) {
  const Usage usage = read_usage(stream.usage());
  if (model_text_ != nullptr) {
    count_ourselves(ask, stream.text_begins(), reply);
  } else if (server_counts_) {
    count_at_server(stream.text_begins(), address, connection, reply);
    if (!reply.generated_tokens && connection.stopped()) return false;
  }
  reply.server["counted_by"] = model_text_ != nullptr   ? "tokenizer"
                               : reply.generated_tokens ? "server's /tokenize"
                                                        : "server's usage";
  compare(usage,
          {.pieces = stream.pieces(),
           .text_bytes = static_cast<int64_t>(reply.text.size()),
           .max_tokens = ask.max_tokens},
          reply);
  // Some servers say "stop" for a text that they cut. Their own count decides where there is one:
  // ours may be off by a token.
  const int64_t generated = usage.completion.value_or(reply.generated_tokens.value_or(0));
  if (reply.finish_reason == stop && generated >= ask.max_tokens) {
    reply.finish_reason = length;
    reply.server["finish_reason"] = stop;
  }
  return true;
}

}  // namespace quantrial

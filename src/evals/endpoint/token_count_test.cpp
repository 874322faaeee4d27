// Counts by the model's own tokenizer beside what a server says.
#include "evals/endpoint/token_count.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quantrial {
namespace {

// A reply whose usage says `completion` and `prompt` tokens, counted with the reference model's
// tokenizer.
Reply counted(const std::string& thinking, const std::string& answer, int64_t prompt,
              int64_t completion, const std::string& finish_reason = "stop") {
  const std::filesystem::path models = QUANTRIAL_SOURCE "/models/reference";
  static const ModelText model_text = ModelText::load(models);
  Ask ask;
  ask.messages = {{{"role", "user"}, {"content", "What is 6 * 7?"}}};
  ask.max_tokens = 1000;
  ChatStream stream(true);
  const auto send = [&](const nlohmann::ordered_json& chunk) { stream.event(chunk.dump(), 1); };
  send({{"choices", {{{"delta", {{"reasoning", thinking}}}}}}});
  if (!answer.empty()) send({{"choices", {{{"delta", {{"content", answer}}}}}}});
  send({{"choices",
         {{{"delta", nlohmann::ordered_json::object()}, {"finish_reason", finish_reason}}}},
        {"usage", {{"prompt_tokens", prompt}, {"completion_tokens", completion}}}});
  Reply reply = stream.reply();
  const ServerAddress address = parse_address("http://127.0.0.1:1");
  HttpConnection connection(address, {});
  TokenCounter(&model_text, "m").count(ask, stream, address, connection, reply);
  return reply;
}

TEST(TokensOfAServer, AreCountedByTheModelsTokenizer) {
  const Reply reply = counted("6 * 7 = 42", "Answer: 42", 18, 20);
  ASSERT_TRUE(reply.thinking_tokens && reply.answer_tokens && reply.prompt_tokens);
  EXPECT_GT(*reply.thinking_tokens, 5);
  EXPECT_GT(*reply.answer_tokens, 3);
  EXPECT_EQ(reply.generated_tokens, *reply.thinking_tokens + *reply.answer_tokens);
  // The end-of-text token is no part of the text.
  EXPECT_EQ(static_cast<int64_t>(reply.token_ids.size()) + 1, reply.generated_tokens);
  EXPECT_EQ(reply.server["counted_by"], "tokenizer");
  const Reply right =
      counted("6 * 7 = 42", "Answer: 42", *reply.prompt_tokens, *reply.generated_tokens);
  EXPECT_EQ(right.warning, "");
}

TEST(TokensOfAServer, ThatItCountsOtherwiseAreAWarning) {
  const Reply right = counted("6 * 7 = 42", "Answer: 42", 18, 20);
  const int64_t ours = *right.generated_tokens, prompt = *right.prompt_tokens;
  const Reply wrong = counted("6 * 7 = 42", "Answer: 42", prompt, ours + 9);
  EXPECT_EQ(wrong.warning,
            fmt::format("usage: the server counts {} completion tokens, we {}", ours + 9, ours));
  EXPECT_EQ(wrong.generated_tokens, ours);
  const Reply other = counted("6 * 7 = 42", "Answer: 42", prompt + 50, ours);
  EXPECT_EQ(other.warning,
            fmt::format("usage: the server counts {} prompt tokens, we {}", prompt + 50, prompt));
}

TEST(TokensOfAServer, ThatHitTheLimitAreALength) {
  EXPECT_EQ(counted("hm", "so", 18, 1000).finish_reason, "length") << "the server said stop";
  EXPECT_EQ(counted("hm", "so", 18, 999).finish_reason, "stop");
  const Reply cut = counted("hm", "", 18, 1000, "length");
  EXPECT_EQ(cut.answer_tokens, 0);
  EXPECT_TRUE(cut.in_thinking);
}

}  // namespace
}  // namespace quantrial

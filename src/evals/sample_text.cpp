#include "evals/sample_text.h"

#include <algorithm>
#include <vector>

#include "text/stream_decoder.h"

namespace quantrial {
namespace {

constexpr std::string_view closing = "</think>";

}  // namespace

SampleText split_sample(std::string_view text, PromptEnd begins) {
  const size_t close = text.rfind(closing);
  if (close != std::string_view::npos) {
    const size_t end = close + closing.size();
    const size_t answer = std::min(text.find_first_not_of('\n', end), text.size());
    return {.thinking_bytes = end, .answer = std::string(text.substr(answer))};
  }
  ReasoningSplitter splitter(begins);
  std::string answer = splitter.push(text).answer;
  answer += splitter.finish().answer;
  const bool in_thinking = splitter.in_reasoning();
  return {.thinking_bytes = in_thinking ? text.size() : 0,
          .answer = std::move(answer),
          .in_thinking = in_thinking};
}

SampleText split_sample(const Sample& sample, PromptEnd begins) {
  if (sample.server.contains(thinking_alone)) {
    return {.thinking_bytes = sample.text.size(), .answer = "", .in_thinking = true};
  }
  return split_sample(std::string_view(sample.text), begins);
}

TokenSplit split_tokens(std::span<const int32_t> tokens, const Tokenizer& tokenizer,
                        PromptEnd begins) {
  StreamDecoder decoder(tokenizer, SpecialTokens::skip);
  std::string text;
  std::vector<size_t> ends;  // of each token's text
  for (const int32_t id : tokens) {
    text += decoder.push(id);
    ends.push_back(text.size());
  }
  const auto all = static_cast<int64_t>(tokens.size());
  const SampleText split = split_sample(text, begins);
  if (split.in_thinking) return {.thinking = all};
  if (split.thinking_bytes == 0) return {.answer = all};
  const auto last = std::lower_bound(ends.begin(), ends.end(), split.thinking_bytes);
  const int64_t thinking = last - ends.begin() + 1;
  return {.thinking = thinking, .answer = all - thinking};
}

}  // namespace quantrial

#include "engine/sequence.h"

#include <utility>

namespace quantrial {
namespace {

bool contains(std::span<const int32_t> ids, int32_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

Sequence::Sequence(RequestId id_, Request request_, const Tokenizer* tokenizer)
    : id(id_),
      request(std::move(request_)),
      tokens(request.prompt),
      text(tokenizer, request.special_tokens, request.stop_strings) {
  result.id = id;
  result.prompt_tokens = prompt_tokens();
  if (request.sampling.has_penalties()) counts.emplace().add_prompt(request.prompt);
}

void Sequence::append(SampledToken token, std::span<const int32_t> end_of_text_ids) {
  if (generated() == 0) result.ttft_ms = milliseconds(Clock::now() - submitted);
  tokens.push_back(token.id);
  if (counts) counts->add_output(token.id);
  if (token.logprobs) result.logprobs.push_back(std::move(*token.logprobs));
  const bool ends_text =
      request.end_of_text == EndOfText::stops && contains(end_of_text_ids, token.id);
  if (ends_text || contains(request.stop_token_ids, token.id)) {
    new_text += text.finish();
    finished = FinishReason::stop;
    return;
  }
  new_text += text.push(token.id);
  if (text.stopped()) {
    finished = FinishReason::stop;
  } else if (remaining() == 0) {
    new_text += text.finish();
    finished = FinishReason::length;
  }
}

}  // namespace quantrial

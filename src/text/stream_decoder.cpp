#include "text/stream_decoder.h"

#include <utility>

#include "base/utf8.h"
#include "text/unicode.h"

namespace quantrial {

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, SpecialTokens special)
    : tokenizer_(&tokenizer), special_(special) {}

std::string StreamDecoder::push(int32_t id) {
  const std::string_view bytes = tokenizer_->token_bytes(id);
  if (special_ == SpecialTokens::skip && tokenizer_->is_special(id)) return {};
  held_back_ += bytes;
  const size_t shown = utf8_complete_prefix(held_back_);
  std::string text = replace_invalid_utf8(std::string_view(held_back_).substr(0, shown));
  held_back_.erase(0, shown);
  return text;
}

std::string StreamDecoder::finish() { return replace_invalid_utf8(std::exchange(held_back_, {})); }

}  // namespace quantrial

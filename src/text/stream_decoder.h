// Text out of a stream of token ids, shown as early as it can be: a token may end in the middle of
// a UTF-8 sequence, which is held back until it is complete. The concatenation of all pieces equals
// Tokenizer::decode of all ids.
#pragma once

#include <cstdint>
#include <string>

#include "text/tokenizer.h"

namespace quantrial {

class StreamDecoder {
 public:
  // `tokenizer` must outlive this.
  StreamDecoder(const Tokenizer& tokenizer, SpecialTokens special);

  // The text that can be shown after this id. Throws Error for an unknown id.
  std::string push(int32_t id);

  // What was held back, with U+FFFD for what never became complete. Starts anew afterwards.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  SpecialTokens special_;
  std::string held_back_;  // at most 3 bytes between calls
};

}  // namespace quantrial

// The text of one generated sequence as it may be shown: UTF-8 complete, and nothing that could
// still turn out to be the start of a stop string. The text does not depend on how many tokens
// arrive at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/stream_decoder.h"

namespace quantrial {

// Finds stop strings in a stream of text.
class StopStrings {
 public:
  // Throws Error for an empty one.
  explicit StopStrings(std::vector<std::string> strings);

  // What can be shown now. After a stop string was found: the text before it, then nothing more.
  std::string push(std::string_view text);
  bool found() const { return found_; }
  // What was held back and is no stop string after all.
  std::string finish();

 private:
  std::vector<std::string> strings_;
  std::string held_back_;  // shorter than the longest stop string
  bool found_ = false;
};

class TextOutput {
 public:
  // `tokenizer` may be null: then there is no text and no stop strings are possible.
  TextOutput(const Tokenizer* tokenizer, SpecialTokens special, std::vector<std::string> stop);

  // Takes one more token; returns what can be shown. Ids beyond the tokenizer's vocabulary (rows
  // that pad the embedding) have no text.
  std::string push(int32_t id);
  bool stopped() const { return stop_.found(); }
  // What was held back, when the sequence ends for another reason.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  std::optional<StreamDecoder> decoder_;
  StopStrings stop_;
};

}  // namespace quantrial

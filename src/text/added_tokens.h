// Tokens that are found in the text before anything else happens to it (<|im_end|>, <tool_call>):
// the leftmost, and there the longest. Follows added_vocabulary.rs of the tokenizers library.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/regex.h"

namespace quantrial {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool single_word = false;  // not next to a word character
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // ... and after it
  bool normalized = false;   // looked for in the normalized text, by its normalized content
  bool special = false;      // left out by decode on request
};

// Finds tokens in text. A tokenizer has two: for the raw text and for the normalized one.
class AddedTokenMatcher {
 public:
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens);

  struct Piece {
    std::string_view text;
    int32_t token;  // id; -1: a stretch without added tokens
  };

  // `text` (valid UTF-8) in pieces, in order, none of them empty.
  std::vector<Piece> split(std::string_view text) const;

 private:
  struct Found {
    size_t begin, end;        // bytes
    const AddedToken* token;  // null: none
  };
  Found find(std::string_view text, size_t start) const;
  bool stands_alone(std::string_view text, const Found& found) const;
  const AddedToken* longest_at(std::string_view text, size_t begin) const;

  std::vector<AddedToken> tokens_;
  std::array<bool, 256> is_first_byte_{};
  std::unordered_map<uint64_t, uint32_t> children_;  // trie: node << 8 | byte -> node; root 0
  std::vector<int32_t> token_of_node_;               // place in tokens_; -1: none
  Regex word_character_;
};

}  // namespace quantrial

// Finds the token that stands for exactly some bytes: most pre-tokens of natural text are one
// token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quantrial {

// Lets a map with std::string keys be searched with a std::string_view.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
// Token (in the byte-level alphabet) to id.
using Vocabulary = std::unordered_map<std::string, int32_t, StringHash, std::equal_to<>>;

class WholeTokens {
 public:
  explicit WholeTokens(const Vocabulary& vocabulary);

  // The place of the token with these bytes, below size(); -1: there is none.
  int32_t find(std::string_view bytes) const;

  int32_t id(int32_t place) const { return tokens_[static_cast<size_t>(place)].id; }
  size_t size() const { return tokens_.size(); }

 private:
  struct Token {
    uint32_t begin, length;  // in bytes_
    int32_t id;
  };
  std::string_view bytes_of(const Token& token) const {
    return std::string_view(bytes_).substr(token.begin, token.length);
  }
  size_t slot_of(std::string_view bytes) const;

  std::string bytes_;  // of all tokens
  std::vector<Token> tokens_;
  std::vector<int32_t> slots_;  // places; -1: free. Open addressing, at most half full
};

}  // namespace quantrial

#include "text/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "text/unicode.h"

namespace quantrial {
namespace {

uint64_t edge(uint32_t node, char byte) {
  return uint64_t{node} << 8 | static_cast<unsigned char>(byte);
}

// \w of Rust's regex crate (UTS 18, annex C): letters, marks, decimal digits, connectors, joiners
// and the circled and squared letters.
constexpr std::string_view word_character =
    R"([\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149})"
    R"(\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}])";

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), token_of_node_{-1}, word_character_(word_character) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& content = tokens_[i].content;
    if (content.empty()) continue;
    is_first_byte_[static_cast<unsigned char>(content[0])] = true;
    uint32_t node = 0;
    for (const char byte : content) {
      const auto next = static_cast<uint32_t>(token_of_node_.size());
      const auto [child, is_new] = children_.try_emplace(edge(node, byte), next);
      if (is_new) token_of_node_.push_back(-1);
      node = child->second;
    }
    token_of_node_[node] = static_cast<int32_t>(i);
  }
}

const AddedToken* AddedTokenMatcher::longest_at(std::string_view text, size_t begin) const {
  const AddedToken* longest = nullptr;
  uint32_t node = 0;
  for (size_t at = begin; at < text.size(); ++at) {
    const auto child = children_.find(edge(node, text[at]));
    if (child == children_.end()) break;
    node = child->second;
    if (token_of_node_[node] >= 0) longest = &tokens_[static_cast<size_t>(token_of_node_[node])];
  }
  return longest;
}

bool AddedTokenMatcher::stands_alone(std::string_view text, const Found& found) const {
  Regex::Scratch scratch;
  const auto is_word = [&](std::string_view character) {
    return word_character_.find(character, 0, scratch).has_value();
  };
  const std::string_view after = text.substr(found.end);
  return !is_word(last_character(text.substr(0, found.begin))) &&
         !is_word(after.substr(0, utf8_sequence_length(after)));
}

AddedTokenMatcher::Found AddedTokenMatcher::find(std::string_view text, size_t start) const {
  for (size_t at = start; at < text.size(); ++at) {
    if (!is_first_byte_[static_cast<unsigned char>(text[at])]) continue;
    if (const AddedToken* token = longest_at(text, at)) {
      return {at, at + token->content.size(), token};
    }
  }
  return {text.size(), text.size(), nullptr};
}

std::vector<AddedTokenMatcher::Piece> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<Piece> pieces;
  size_t done = 0;  // text[0, done) is in `pieces`
  size_t next = 0;  // where to search on
  while (!tokens_.empty() && next < text.size()) {
    const Found found = find(text, next);
    if (found.token == nullptr) break;
    next = found.end;
    if (found.token->single_word && !stands_alone(text, found)) continue;
    auto [begin, end, token] = found;
    if (token->lstrip) begin = std::max(done, trailing_white_space(text.substr(0, begin)));
    if (token->rstrip) end += leading_white_space(text.substr(end));
    if (done < begin) pieces.push_back({text.substr(done, begin - done), -1});
    pieces.push_back({text.substr(begin, end - begin), token->id});
    done = end;
  }
  if (done < text.size()) pieces.push_back({text.substr(done), -1});
  return pieces;
}

}  // namespace quantrial

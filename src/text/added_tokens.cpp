#include "text/added_tokens.h"

#include <algorithm>
#include <utility>

#include "text/unicode.h"

namespace quantrial {
namespace {

uint64_t edge(uint32_t node, char byte) {
  return uint64_t{node} << 8 | static_cast<unsigned char>(byte);
}

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  const bool word_before = begin > 0 && is_word_character(last_code_point(text.substr(0, begin)));
  const bool word_after =
      end < text.size() && is_word_character(first_code_point(text.substr(end)));
  return !word_before && !word_after;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), token_of_node_{-1} {
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
    auto [begin, end, token] = find(text, next);
    if (token == nullptr) break;
    next = end;
    if (token->single_word && !stands_alone(text, begin, end)) continue;
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

#include "text/whole_tokens.h"

#include <bit>

#include "text/byte_level.h"

namespace quantrial {

WholeTokens::WholeTokens(const Vocabulary& vocabulary)
    : slots_(std::bit_ceil(2 * vocabulary.size() + 2), -1) {
  tokens_.reserve(vocabulary.size());
  for (const auto& [token, id] : vocabulary) {
    const std::string raw = from_byte_level(token);
    if (to_byte_level(raw) != token) continue;  // not in the alphabet: no bytes become this token
    slots_[slot_of(raw)] = static_cast<int32_t>(tokens_.size());
    tokens_.push_back(
        {static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(raw.size()), id});
    bytes_ += raw;
  }
}

// The slot of the token with these bytes, or the free one where it belongs.
size_t WholeTokens::slot_of(std::string_view bytes) const {
  const size_t mask = slots_.size() - 1;
  size_t at = StringHash{}(bytes)&mask;
  while (slots_[at] >= 0 && bytes_of(tokens_[static_cast<size_t>(slots_[at])]) != bytes) {
    at = (at + 1) & mask;
  }
  return at;
}

int32_t WholeTokens::find(std::string_view bytes) const { return slots_[slot_of(bytes)]; }

}  // namespace quantrial

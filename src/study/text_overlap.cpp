#include "study/text_overlap.h"

namespace quantrial {
namespace {

// A rolling polynomial hash modulo 2^64 of the last overlap_tokens tokens (Karp and Rabin 1987).
class RollingHash {
 public:
  RollingHash() {
    for (size_t i = 0; i < overlap_tokens; ++i) leaving_ *= base;
  }
  // Appends tokens[i]; whether a whole piece stands there now.
  bool add(std::span<const int32_t> tokens, size_t i) {
    value_ = value_ * base + term(tokens[i]);
    if (i >= overlap_tokens) value_ -= leaving_ * term(tokens[i - overlap_tokens]);
    return i + 1 >= overlap_tokens;
  }
  uint64_t value() const { return value_; }

 private:
  static constexpr uint64_t base = 0x9E3779B97F4A7C15;
  static uint64_t term(int32_t token) {
    return static_cast<uint64_t>(token) * 0xBF58476D1CE4E5B9 + 1;
  }
  uint64_t value_ = 0, leaving_ = 1;
};

}  // namespace

TextOverlap::TextOverlap(std::span<const std::vector<int32_t>> calibration) {
  for (const std::vector<int32_t>& sequence : calibration) {
    RollingHash hash;
    for (size_t i = 0; i < sequence.size(); ++i) {
      if (hash.add(sequence, i)) pieces_.insert(hash.value());
    }
  }
}

std::optional<size_t> TextOverlap::find(std::span<const int32_t> tokens) const {
  RollingHash hash;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (hash.add(tokens, i) && pieces_.contains(hash.value())) return i + 1 - overlap_tokens;
  }
  return std::nullopt;
}

}  // namespace quantrial

// Whether texts that a model is measured on hold pieces of those it was calibrated on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

namespace quantrial {

// Tokens in a row that two texts do not have in common by chance.
inline constexpr size_t overlap_tokens = 64;

class TextOverlap {
 public:
  explicit TextOverlap(std::span<const std::vector<int32_t>> calibration);
  // Where a piece of the calibration text begins in `tokens`, if one does.
  std::optional<size_t> find(std::span<const int32_t> tokens) const;

 private:
  std::unordered_set<uint64_t> pieces_;  // hashes of all its pieces
};

}  // namespace quantrial

// Where the hidden states of the calibration set live between blocks: in RAM, or in a file when
// they would take too much of it.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "quantize/algorithm.h"

namespace quantrial {

// The rule: RAM while all the states together take at most this share of the available memory.
inline constexpr double states_share_of_memory = 0.25;
bool go_to_disk(int64_t all_states_bytes, int64_t available_bytes);

struct StatesShape {
  std::vector<int64_t> lengths;  // tokens of each sequence
  int64_t width = 0;             // H

  int64_t tokens() const;
  int64_t bytes() const { return tokens() * width * static_cast<int64_t>(sizeof(float)); }
};

// Sequences of any lengths. sequence_length() is for those that are equally long.
class StoredStates : public HiddenStates {
 public:
  explicit StoredStates(StatesShape shape);
  int64_t sequences() const override { return static_cast<int64_t>(shape_.lengths.size()); }
  int64_t sequence_length() const override;
  int64_t width() const override { return shape_.width; }
  int64_t length(int64_t sequence) const;
  // Floats before the sequence.
  int64_t offset(int64_t sequence) const;

 private:
  StatesShape shape_;
  std::vector<int64_t> first_token_;
};

std::unique_ptr<StoredStates> states_in_memory(const StatesShape& shape);
// In a file of `dir` that has no name any more, so that nothing is left when the process ends.
// Throws Error when there is no room.
std::unique_ptr<StoredStates> states_on_disk(const StatesShape& shape,
                                             const std::filesystem::path& dir);

}  // namespace quantrial

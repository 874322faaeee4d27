// The calibration set on its way through the model, one decoder block at a time: as the original
// model computes it, and as the blocks that are quantized already do.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "quantize/calibration.h"
#include "quantize/dense_block.h"
#include "quantize/hidden_states.h"
#include "quantize/plan.h"

namespace quantrial {

class BlockStream {
 public:
  // Which of the two are kept. Round to nearest only asks the original what its inputs are.
  enum class Paths : uint8_t { original, both };
  struct Scratch {
    std::filesystem::path dir;    // for states that do not fit into memory
    int64_t available_bytes = 0;  // of memory; see states_share_of_memory
  };

  // Starts at the embedding of the calibration set, which must outlive the stream.
  BlockStream(const Checkpoint& base, const Plan& plan, const Calibration& calibration,
              const Scratch& scratch, Paths paths);

  // Called before each pass over rows; may throw to interrupt.
  using Check = std::function<void()>;

  // The states go through the block as it is in the base checkpoint. Returns the largest magnitude
  // that each of its Linears reads, rounded to bfloat16, in which the tools compute.
  std::vector<float> advance_original(DenseBlock& block, const Check& check);
  // The quantized states go through the block with these weights and rounded inputs.
  void advance_quantized(DenseBlock& block, BlockWeights weights, BlockInputs inputs,
                         const Check& check);

  const StoredStates& original() const { return *original_; }
  const StoredStates& quantized() const { return *quantized_; }
  bool on_disk() const { return on_disk_; }

  // What the MTP head's block reads when the last block is passed: fc of [embedding of the next
  // token | normed hidden state], model.md section 2. One row less a sequence.
  void enter_mtp(ThreadPool& pool, const Check& check);

 private:
  void embed(const Calibration& calibration, StoredStates& states) const;
  std::unique_ptr<StoredStates> make_states(const StatesShape& shape) const;

  const Checkpoint& base_;
  const Plan& plan_;
  const Calibration& calibration_;
  Scratch scratch_;
  bool on_disk_ = false;
  std::unique_ptr<StoredStates> original_, quantized_;
};

}  // namespace quantrial

// AWQ divides each channel of a norm (or each row of up_proj) by a factor and multiplies the
// columns of the Linears that read it by the same: the function stays, but no weight can be
// compared with the base model's as it stands. This finds the factors again and takes them back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/quantization_config.h"
#include "quantize/verify_numbers.h"
#include "tensor/checkpoint.h"

namespace quantrial {

// A checkpoint and how to read it.
struct ReadableModel {
  const Checkpoint& checkpoint;
  const QuantizationConfig& quantization;
};

class SmoothingUndone {
 public:
  // Whether there is something to undo: quantization.json says so, or without one, norms of which a
  // channel differs by more than rounding.
  SmoothingUndone(ReadableModel model, ReadableModel base, ThreadPool& pool);

  bool is_smoothed() const { return smoothed_; }
  // What makes the module's matrix comparable with the base model's; nothing where it cannot be
  // told, because up_proj of its block is absent or malformed.
  std::optional<Factors> factors(const std::string& module);
  // Whether the tensor is a norm that AWQ may rescale.
  bool explains(const std::string& tensor) const;

 private:
  bool has_smoothed_norm() const;
  std::vector<float> gain_ratios(const std::string& norm) const;
  const std::vector<float>& row_shares(const std::string& block);
  std::vector<float> fitted_shares(const std::string& block) const;

  ReadableModel model_, base_;
  ThreadPool& pool_;
  bool smoothed_ = false;
  std::map<std::string, std::vector<float>> row_shares_;  // of the block seen last
};

}  // namespace quantrial

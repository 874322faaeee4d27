#include "quantize/memory_estimate.h"

#include <fmt/format.h>

#include <algorithm>

#include "quantize/awq.h"
#include "quantize/batch_gradient.h"
#include "quantize/calibration_pass.h"
#include "quantize/hidden_states.h"

namespace quantrial {
namespace {

constexpr int64_t process_bytes = int64_t{40} << 20;
constexpr int64_t float_bytes = sizeof(float);
constexpr int64_t plain_pass_rows = 1024;  // of DenseBlock::forward without a tape

void raise(MemoryEstimate& peak, int64_t bytes, std::string stage) {
  if (bytes > peak.bytes) peak = {bytes, std::move(stage)};
}

int64_t packed_bytes(const Plan& plan, size_t shard) {
  int64_t bytes = 0;
  for (const size_t i : plan.shards[shard].modules) {
    if (plan.modules[i].quantized()) bytes += plan.modules[i].bytes_after;
  }
  return bytes;
}

int64_t largest_mapped_bytes(const Plan& plan, size_t shard) {
  int64_t bytes = 0;
  for (const size_t i : plan.shards[shard].modules) {
    const PlannedModule& module = plan.modules[i];
    if (!module.quantized()) continue;
    bytes = std::max(bytes, static_cast<int64_t>(module.tensor->bytes.size()));
  }
  return bytes;
}

// A shard being rounded, one that waits and one that is written.
int64_t data_free_bytes(const Plan& plan) {
  int64_t most = 0;
  for (size_t i = 0; i < plan.shards.size(); ++i) {
    int64_t bytes = largest_mapped_bytes(plan, i);
    for (size_t j = i < 2 ? 0 : i - 2; j <= i; ++j) bytes += packed_bytes(plan, j);
    most = std::max(most, bytes);
  }
  return most;
}

// verify reads the new tensors one by one.
int64_t largest_written(const Plan& plan) {
  int64_t most = 0;
  for (const PlannedModule& module : plan.modules) most = std::max(most, module.bytes_after);
  return most;
}

// The stages of one block. Every function: bytes above those of `held`.
class BlockMemory {
 public:
  BlockMemory(const Plan& plan, const BlockShape& block, const CalibrationShape& calibration)
      : plan_(plan), block_(block), set_(calibration), rows_(set_.rows_within(rows_a_pass)) {}

  // Always: dense weights, and the tape of passes over all inputs.
  int64_t held() const { return float_bytes * (block_.elements + tape(rows_)); }

  int64_t round_to_nearest() const { return block_.packed_bytes + 2 * block_.largest_rounded; }
  int64_t whole_block_rounded() const {
    return 5 * block_.tuned() + scales() + plain_inputs() + hidden_rows(3, rows_);
  }
  int64_t hessians(int64_t bytes_of_element) const {
    int64_t waiting = 0, finished = 0, most = 0;
    for (const auto& [number, input] : block_.inputs) waiting += moments(input);
    for (const auto& [number, input] : block_.inputs) {
      if (input.elements == 0) continue;
      most = std::max(most, waiting + moments(input) + finished);  // sums and factor
      waiting -= moments(input);
      finished += bytes_of_element * input.elements + scale_bytes * input.groups;
      most = std::max(most, waiting + moments(input) + finished);
    }
    return most;
  }
  int64_t tuning() const {
    const int64_t T = set_.rows_within(plan_.recipe.parameters.batch * set_.sequence_length);
    return 10 * block_.tuned() + scales() + hidden_rows(3, T) +
           float_bytes *
               (tape(std::max(T, rows_)) - tape(rows_) + block_.backward_floats(plan_.model, T) +
                block_.quantized_input_floats(T) +
                BatchGradient::lane_floats(set_.sequence_length * plan_.model.hidden_size,
                                           block_.elements));
  }
  int64_t search() const {
    const int64_t T = set_.rows_within(AwqParameters{}.search_rows);
    int64_t seen = 0, readers = 0;
    for (const auto& [number, input] : block_.inputs) {
      seen += T * input.columns;
      readers = std::max(readers, input.elements);
    }
    const int64_t kept =
        float_bytes * (block_.elements + seen + tape(std::max(T, rows_)) - tape(rows_));
    const int64_t trying = float_bytes * readers + block_.largest_tuned + hidden_rows(2, T);
    return kept + std::max(trying, whole_block_rounded());
  }

 private:
  static constexpr int64_t scale_bytes = 8;
  int64_t tape(int64_t T) const { return block_.tape_floats(plan_.model, T, set_.sequence_length); }
  int64_t scales() const { return scale_bytes * block_.tuned_groups(); }
  int64_t hidden_rows(int64_t sets, int64_t T) const {
    return float_bytes * sets * T * plan_.model.hidden_size;
  }
  int64_t plain_inputs() const {
    return float_bytes * block_.quantized_input_floats(set_.rows_within(plain_pass_rows));
  }
  static int64_t moments(const InputShape& input) {
    return input.elements == 0 ? 0 : float_bytes * input.columns * input.columns;
  }

  const Plan& plan_;
  const BlockShape& block_;
  const CalibrationShape& set_;
  int64_t rows_;
};

void add_block(MemoryEstimate& peak, const Plan& plan, const PlannedBlock& planned, int64_t held) {
  const CalibrationShape set = calibration_shape(plan.recipe);
  const BlockShape block(plan, planned);
  const BlockMemory memory(plan, block, set);
  const char* kind =
      block.kind == MixerKind::full_attention ? "full-attention" : "linear-attention";
  const auto stage = [&](const char* what, int64_t bytes) {
    raise(peak, held + memory.held() + bytes, fmt::format("{} of a {} block", what, kind));
  };
  if (plan.recipe.method == Method::round_to_nearest) {
    return stage("rounding", memory.round_to_nearest());
  }
  stage("first rounding", memory.whole_block_rounded());
  if (plan.recipe.method == Method::awq) return stage("AWQ's search", memory.search());
  const bool tunes = plan.recipe.method == Method::auto_round;
  stage("Hessians", memory.hessians(tunes ? 10 : 5));
  if (tunes) stage("tuning", memory.tuning());
}

}  // namespace

MemoryEstimate estimate_memory(const Plan& plan, int64_t available_bytes) {
  MemoryEstimate peak;
  raise(peak, process_bytes + data_free_bytes(plan), "rounding");
  raise(peak, process_bytes + largest_written(plan), "verify's look at the largest tensor");
  const CalibrationShape set = calibration_shape(plan.recipe);
  if (set.tokens() == 0) return peak;
  const int64_t paths = plan.recipe.method == Method::round_to_nearest ? 1 : 2;
  int64_t states = paths * set.tokens() * plan.model.hidden_size * float_bytes;
  if (go_to_disk(states, available_bytes)) states = 0;
  int64_t writing = 0;
  for (const PlannedBlock& block : plan.blocks) {
    add_block(peak, plan, block, process_bytes + states + writing);
    writing = BlockShape(plan, block).packed_bytes;
  }
  return peak;
}

}  // namespace quantrial

// Makes the quantized Linears of one decoder block with the calibration set, and sends the set
// through the block for the next one.
#pragma once

#include <memory>

#include "formats/quantization_config.h"
#include "quantize/algorithm.h"
#include "quantize/block_stream.h"
#include "quantize/made_module.h"

namespace quantrial {

// What became of a block.
struct MadeBlock {
  std::map<size_t, std::shared_ptr<const Weight>> weights;  // by place in Plan::modules
  std::map<size_t, ModuleFigures> figures;
  // 16-bit tensors that the algorithm changed, by full name; rounded to bfloat16.
  std::map<std::string, std::vector<float>> changed;
  std::optional<std::pair<double, double>> error;  // of the block, before and after tuning
  std::vector<std::string> notes{};                // of the algorithm, for the log
};

class BlockMaker {
 public:
  // Without an algorithm: round to nearest.
  BlockMaker(const Checkpoint& base, const Plan& plan, BlockStream& stream, Algorithm* algorithm,
             ThreadPool& pool);

  // `progress`, from 0 to 1, is called often and may throw to interrupt.
  using Progress = std::function<void(double done)>;
  MadeBlock make(const PlannedBlock& block, uint64_t seed, const Progress& progress);
  // The same state afterwards, from the files of an earlier run.
  void skip(const PlannedBlock& block, const Checkpoint& finished, const QuantizationConfig& config,
            const Progress& progress);

 private:
  MadeBlock round(const PlannedBlock& block, const std::vector<Activations>& inputs);
  MadeBlock tune(const PlannedBlock& block, DenseBlock& dense,
                 const std::vector<Activations>& inputs, const BlockTask& task);
  std::vector<LinearTarget> targets(const PlannedBlock& block,
                                    const std::vector<Activations>& inputs);
  void advance(const PlannedBlock& block, DenseBlock& dense, const MadeBlock& made,
               const BlockStream::Check& check);

  const Checkpoint& base_;
  const Plan& plan_;
  BlockStream& stream_;
  Algorithm* algorithm_;
  ThreadPool& pool_;
};

}  // namespace quantrial

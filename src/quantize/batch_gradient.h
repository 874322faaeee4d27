// The gradient of a loss by the weights of a block, over a batch of sequences. Small sequences go
// through the block each on a thread of its own, so that their tape stays near its core; of large
// ones the whole batch goes through at once, on all threads. Which way follows from the shapes
// alone, and so do the sums: threads never change a bit.
#pragma once

#include "quantize/algorithm.h"
#include "quantize/prepared_weights.h"

namespace quantrial {

class BatchGradient {
 public:
  BatchGradient(const BlockTask& task, Factors factors);

  // Turns y'[T,H] of sequences [first, first + T / L) of the batch into dL/dy'. Called from several
  // threads at a time.
  using AtOutput = std::function<void(int64_t first, View<float, 2> y, Workers& workers)>;
  // Calls found(i, dw[N,K]) for every Linear i.
  void run(std::span<const int64_t> batch, BlockWeights weights, const AtOutput& at_output,
           const DenseBlock::GradientFound& found);

  // Floats of the sums that small sequences need, for a block of as many weights.
  static int64_t lane_floats(int64_t sequence_numbers, int64_t weights);

 private:
  // What a thread works in.
  struct Thread {
    explicit Thread(ThreadPool& alone) : workers(alone) {}
    Workers workers;
    Tape tape;
    std::vector<float> x, y;  // [L,H]
  };
  // Sums over consecutive sequences of a batch: dw[N,K] a Linear.
  struct Lane {
    std::vector<std::vector<float>> memory;
    std::vector<View<float, 2>> dw;
  };

  void run_whole(std::span<const int64_t> batch, const AtOutput& at_output,
                 const DenseBlock::GradientFound& found);
  void run_lanes(std::span<const int64_t> batch, const AtOutput& at_output);
  // One more sequence, in `place` of the batch.
  void run_sequence(Thread& thread, int64_t sequence, int64_t place, const AtOutput& at_output,
                    const DenseBlock::Gradients& gradients);
  void make_lanes(size_t count);
  // Leaves the sums of all lanes in the first.
  void add_lanes();

  const BlockTask& task_;
  DenseBlock::Pass pass_;
  std::vector<Activations> inputs_;
  Workers workers_;
  ThreadPool alone_{1};
  PreparedWeights prepared_;
  std::vector<Thread> threads_;
  std::vector<Lane> lanes_;
  std::vector<float> x_, y_;  // [T,H] of a whole batch
};

}  // namespace quantrial

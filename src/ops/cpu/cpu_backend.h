// The CPU backend: weights stay packed as the checkpoint stores them and are decoded tile by tile
// in the inner loop. One file per group of operations; kernels.h holds the vectorised loops.
#pragma once

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"
#include "ops/cpu/bf16_inputs.h"
#include "ops/host_backend.h"
#include "ops/workers.h"

namespace quantrial {

class CpuBackend final : public HostBackend {
 public:
  explicit CpuBackend(const BackendOptions& options)
      : HostBackend(options), pool_(options.threads, options.pinning) {}

  std::unique_ptr<DeviceWeight> upload(Weight weight) override;
  void embed(std::span<const int32_t> tokens, const DeviceWeight& table, View<float, 2> y) override;
  void linear(View<const float, 2> x, const DeviceWeight& w, View<float, 2> y) override;
  void rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                View<float, 2> y) override;
  void gated_rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                      View<const float, 2> z, GateKind gate, View<float, 2> y) override;
  void add(View<const float, 2> x, View<float, 2> y) override;
  void silu_multiply(View<const float, 2> gate, View<const float, 2> up, View<float, 2> y) override;
  void sigmoid_gate(View<const float, 2> gate, View<float, 2> y) override;
  void concatenate(View<const float, 2> x1, View<const float, 2> x2, View<float, 2> y) override;
  void gather_rows(View<const float, 2> x, std::span<const int64_t> rows,
                   View<float, 2> y) override;
  void split_heads(View<const float, 3> x, View<float, 3> first, View<float, 3> second) override;
  void rope(View<const float, 2> cos, View<const float, 2> sin, View<float, 3> x) override;
  void store_kv(View<const float, 3> k, View<const float, 3> v, std::span<const Segment> segments,
                const KvPages& cache) override;
  void attention(View<const float, 3> q, std::span<const Segment> segments, const KvPages& cache,
                 View<float, 3> y) override;
  void causal_conv(View<const float, 2> x, std::span<const Segment> segments,
                   View<const float, 2> weight, View<float, 3> state, View<float, 2> y) override;
  void delta_normalize(View<const float, 2> conv, View<float, 3> q, View<float, 3> k) override;
  void delta_gates(View<const float, 2> a, View<const float, 2> b, View<const float, 1> A_log,
                   View<const float, 1> dt_bias, View<float, 2> g, View<float, 2> beta) override;
  void delta_rule(const DeltaInputs& inputs, std::span<const Segment> segments,
                  View<float, 4> state, View<float, 3> y) override;

 private:
  // Runs task(i, thread) for i in [0, count). `work`: multiply-adds, or floats moved, of one task;
  // what is too little to be worth waking a thread runs on the caller alone.
  template <typename Task>
  void for_each(int64_t count, int64_t work, Task&& task) {
    constexpr int64_t worth_a_wake = 30'000;  // about 2 us of one core, a round of the pool
    if (count * work < worth_a_wake) {
      for (int64_t i = 0; i < count; ++i) task(i, 0);
    } else {
      pool_.parallel_for(count, task);
    }
  }

  // The same for task(row), `work` floats each; several rows are taken at a time.
  template <typename Task>
  void for_rows(int64_t rows, int64_t work, Task&& task) {
    constexpr int64_t worth_taking = 10'000;
    const int64_t block = std::max<int64_t>(1, worth_taking / work);
    for_each((rows + block - 1) / block, block * work, [&](int64_t i, int) {
      for (int64_t t = i * block; t < std::min(rows, (i + 1) * block); ++t) task(t);
    });
  }

  // Products of bfloat16 where the machine has them and the precision allows, else of float.
  void linear_bf16(View<const float, 2> x, const Weight& weight, View<float, 2> y);
  void linear_float(View<const float, 2> x, const Weight& weight, View<float, 2> y);

  ThreadPool pool_;
  Workers workers_{pool_};
  bf16::Inputs inputs_;
  std::vector<float> input_;              // prepared inputs of linear_float()
  std::vector<int64_t> attention_tasks_;  // first task of each segment
};

}  // namespace quantrial

// Gated DeltaNet: causal convolution, gates, and the delta rule in its two forms.
#include <algorithm>
#include <cmath>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/delta_step.h"
#include "ops/cpu/elementwise_kernels.h"
#include "ops/gradients/delta_chunk.h"

namespace quantrial {

void CpuBackend::causal_conv(View<const float, 2> x, std::span<const Segment> segments,
                             View<const float, 2> weight, View<float, 3> state, View<float, 2> y) {
  const int64_t C = weight.shape(0), W = weight.shape(1);
  constexpr int64_t block = 512;  // channels per task
  const int64_t blocks = (C + block - 1) / block;
  const auto count = static_cast<int64_t>(segments.size());
  workers_.reserve(W * block);
  for_each(count * blocks, 3 * block * W, [&](int64_t task, int thread) {
    const Segment& s = segments[static_cast<size_t>(task / blocks)];
    const int64_t first = task % blocks * block;
    float* past = state[s.slot].data() + first;  // [W-1, C]
    const kernels::ConvolutionBlock part{.weight = weight[first].data(),
                                         .past = past,
                                         .x = x.data() + s.first_row * C + first,
                                         .C = C,
                                         .W = W,
                                         .n = std::min(C - first, block),
                                         .rows = s.num_rows};
    kernels::convolve(part, workers_.scratch(thread), y.data() + s.first_row * C + first);
    for (int64_t r = 0; s.writes_state && r < W - 1; ++r) {
      std::copy_n(part.row(r + s.num_rows), part.n, past + r * C);
    }
  });
}

void CpuBackend::delta_normalize(View<const float, 2> conv, View<float, 3> q, View<float, 3> k) {
  const int64_t H = q.shape(1), D = q.shape(2), C = conv.shape(1);
  const float q_scale = 1 / std::sqrt(static_cast<float>(D));
  for_rows(conv.shape(0), 2 * H * D, [&](int64_t t) {
    const float* row = conv.data() + t * C;
    for (int64_t h = 0; h < H; ++h) {
      kernels::normalize_row(row + h * D, D, q_scale, q.data() + (t * H + h) * D);
      kernels::normalize_row(row + (H + h) * D, D, 1, k.data() + (t * H + h) * D);
    }
  });
}

void CpuBackend::delta_gates(View<const float, 2> a, View<const float, 2> b,
                             View<const float, 1> A_log, View<const float, 1> dt_bias,
                             View<float, 2> g, View<float, 2> beta) {
  const int64_t H = a.shape(1);
  for_rows(a.shape(0), 8 * H, [&](int64_t t) {
    kernels::delta_gates({.a = a[t].data(),
                          .b = b[t].data(),
                          .A_log = A_log.data(),
                          .dt_bias = dt_bias.data(),
                          .g = g[t].data(),
                          .beta = beta[t].data()},
                         H);
  });
}

namespace {

// The value heads of one key head in one segment: chunks first, the remaining rows one by one.
class KeyHeadTask {
 public:
  static int64_t scratch_floats(const gradients::DeltaSizes& sizes) {
    return gradients::DeltaChunk::scratch_floats(sizes) + read_floats(sizes) +
           sizes.shared() * sizes.state();
  }
  KeyHeadTask(const DeltaInputs& inputs, const Segment& segment, int64_t key_head,
              View<float, 4> state)
      : in_(inputs),
        sizes_(inputs),
        segment_(segment),
        key_head_(key_head),
        S_(state[segment.slot]) {}

  void run(View<float, 3> y, float* memory) {
    gradients::Scratch scratch(memory);
    scratch_S_ = scratch.take(sizes_.shared() * sizes_.state());
    if (segment_.chunked_rows > 0) run_chunks(y, scratch);
    if (segment_.num_rows > segment_.chunked_rows) run_steps(y);
  }

 private:
  static int64_t read_floats(const gradients::DeltaSizes& sizes) {
    return 2 * delta_chunk * sizes.D_v;
  }
  int64_t first_head() const { return key_head_ * sizes_.shared(); }
  int64_t last_head() const { return first_head() + sizes_.shared(); }
  // Where a head's state is written: its own place, or scratch when it is to stay.
  float* written(int64_t head) const {
    return segment_.writes_state ? S_[head].data()
                                 : scratch_S_ + (head - first_head()) * sizes_.state();
  }

  void run_chunks(const View<float, 3>& y, gradients::Scratch& scratch) {
    gradients::DeltaChunk chunk(in_, Factors::float32, scratch);
    float* read = scratch.take(read_floats(sizes_));
    for (int64_t row = 0; row < segment_.chunked_rows; row += delta_chunk) {
      chunk.load(key_head_, segment_.first_row + row, delta_chunk);
      for (int64_t h = first_head(); h < last_head(); ++h) {
        chunk.load_head(h);
        chunk.run(y, read, row == 0 ? S_[h].data() : written(h), written(h));
      }
    }
  }

  void run_steps(const View<float, 3>& y) const {
    const int64_t t = segment_.first_row + segment_.chunked_rows;
    for (int64_t h = first_head(); h < last_head(); ++h) {
      const kernels::HeadRows rows{
          .q = in_.q[t][key_head_].data(),
          .k = in_.k[t][key_head_].data(),
          .v = in_.conv[t].data() + sizes_.C - (sizes_.H_v - h) * sizes_.D_v,
          .g = &in_.g[t][h],
          .beta = &in_.beta[t][h],
          .qk_stride = sizes_.H_k * sizes_.D_k,
          .v_stride = sizes_.C,
          .gate_stride = sizes_.H_v,
          .y = y[t][h].data(),
          .y_stride = sizes_.H_v * sizes_.D_v};
      kernels::delta_steps(rows, segment_.num_rows - segment_.chunked_rows,
                           {.S = segment_.chunked_rows == 0 ? S_[h].data() : written(h),
                            .to = written(h),
                            .D_k = sizes_.D_k,
                            .D_v = sizes_.D_v});
    }
  }

  const DeltaInputs& in_;
  const gradients::DeltaSizes sizes_;
  const Segment& segment_;
  int64_t key_head_;
  View<float, 3> S_;
  float* scratch_S_ = nullptr;
};

}  // namespace

void CpuBackend::delta_rule(const DeltaInputs& in, std::span<const Segment> segments,
                            View<float, 4> state, View<float, 3> y) {
  const gradients::DeltaSizes sizes(in);
  workers_.reserve(KeyHeadTask::scratch_floats(sizes));
  const auto count = static_cast<int64_t>(segments.size());
  for_each(count * sizes.H_k, 2 * sizes.shared() * sizes.state(), [&](int64_t task, int thread) {
    KeyHeadTask head(in, segments[static_cast<size_t>(task / sizes.H_k)], task % sizes.H_k, state);
    head.run(y, workers_.scratch(thread));
  });
}

}  // namespace quantrial

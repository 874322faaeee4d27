// The operations of a linear-attention mixer, forwards and backwards, at the sizes of the block
// that auto-round is timed on (hidden 256, 2 key and 4 value heads of 64, 8 x 512 tokens), and of
// one sequence under the 27B's heads: ms, and for the delta rule the share of the multiply-add rate
// of registers alone, measured in the same run.
#include "bench/timing.h"
#include "ops/gradients/gradients.h"
#include "ops/multiply_rate.h"
#include "tests/random_weights.h"

namespace quantrial::gradients {
namespace {

struct Sizes {
  int64_t B, L, H_k, H_v, D;

  int64_t T() const { return B * L; }
  int64_t C() const { return (2 * H_k + H_v) * D; }
  int64_t chunks() const { return B * ((L + delta_chunk - 1) / delta_chunk); }
  // Multiply-adds of the products of whole chunks, triangular ones as full, times two.
  double forward_flop() const { return unit() * (4 + 2.0 / shared()); }
  double backward_flop() const { return unit() * (12 + 6.0 / shared()); }

 private:
  double shared() const { return static_cast<double>(H_v) / static_cast<double>(H_k); }
  double unit() const { return static_cast<double>(2 * T() * H_v * D * D); }
};

class MixerBench {
 public:
  MixerBench(const Sizes& sizes, ThreadPool& pool)
      : s_(sizes), pool_(pool), workers_(pool), random_(1), peak_(measure_float_rate(pool)) {}

  void run() {
    fmt::print("{} threads, registers alone {:.0f} GFLOP/s; T {}, C {}, heads {}/{} of {}\n",
               pool_.size(), peak_ / 1e9, s_.T(), s_.C(), s_.H_k, s_.H_v, s_.D);
    const int64_t T = s_.T(), C = s_.C();
    const View<float, 2> x = floats<2>({T, C}), dx = floats<2>({T, C}), conv = floats<2>({T, C});
    const Convolution convolution{.x = x, .weight = floats<2>({C, 4}), .sequence_length = s_.L};
    print("causal_conv", [&] { causal_conv(convolution, conv, workers_); });
    print("causal_conv_backward", [&] { causal_conv_backward(convolution, conv, dx, workers_); });
    const auto q = floats<3>({T, s_.H_k, s_.D}), k = floats<3>({T, s_.H_k, s_.D});
    const auto dq = floats<3>({T, s_.H_k, s_.D}), dk = floats<3>({T, s_.H_k, s_.D});
    print("delta_normalize", [&] { delta_normalize(conv, q, k, workers_); });
    print("delta_normalize_backward",
          [&] { delta_normalize_backward(conv, {.dq = dq, .dk = dk}, dx, workers_); });
    run_delta({.q = q, .k = k, .conv = conv, .g = {}, .beta = {}}, {dq, dk, dx, {}, {}});
    const std::array<int64_t, 2> shape = {T * s_.H_v, s_.D};
    const GatedNorm norm{.x = floats<2>(shape),
                         .weight = floats<1>({s_.D}),
                         .eps = 1e-6f,
                         .z = floats<2>(shape),
                         .gate = GateKind::silu};
    const View<float, 2> y = floats<2>(shape), dz = floats<2>(shape);
    print("gated_rms_norm", [&] { gated_rms_norm(norm, y, workers_); });
    print("gated_rms_norm_backward", [&] { gated_rms_norm_backward(norm, dz, y, dz, workers_); });
    fmt::print("{:<26} {:>8.2f} ms\n\n", "together", total_ * 1e3);
  }

 private:
  void run_delta(DeltaInputs inputs, DeltaGradients gradients) {
    const std::array<int64_t, 2> gate = {s_.T(), s_.H_v};
    const DeltaGates gates{.a = floats<2>(gate),
                           .b = floats<2>(gate),
                           .A_log = floats<1>({s_.H_v}),
                           .dt_bias = floats<1>({s_.H_v})};
    const View<float, 2> g = floats<2>(gate), beta = floats<2>(gate);
    gradients.dg = floats<2>(gate);
    gradients.dbeta = floats<2>(gate);
    print("delta_gates", [&] { delta_gates(gates, g, beta, workers_); });
    inputs.g = g;
    inputs.beta = beta;
    const View<float, 3> y = floats<3>({s_.T(), s_.H_v, s_.D}), dy = floats<3>(y.shape());
    const View<float, 4> states = floats<4>({s_.chunks(), s_.H_v, s_.D, s_.D});
    print(
        "delta_rule", [&] { delta_rule(inputs, s_.L, y, states, workers_); }, s_.forward_flop());
    print(
        "delta_rule_backward",
        [&] {
          delta_rule_backward(inputs, s_.L, {.states = states, .y = y, .dy = dy}, gradients,
                              workers_);
        },
        s_.backward_flop());
    print("delta_gates_backward",
          [&] { delta_gates_backward(gates, gradients.dg, gradients.dbeta, workers_); });
  }

  template <int Rank>
  View<float, Rank> floats(std::array<int64_t, Rank> shape) {
    int64_t n = 1;
    for (const int64_t d : shape) n *= d;
    memory_.push_back(random_.floats(n));
    return {memory_.back().data(), shape};
  }

  void print(const char* name, const std::function<void()>& call, double flop = 0) {
    const double seconds = shortest_seconds(pool_, 20, call);
    total_ += seconds;
    fmt::print("{:<26} {:>8.2f} ms", name, seconds * 1e3);
    if (flop > 0) fmt::print(" {:>5.0f} %", 100 * flop / seconds / peak_);
    fmt::print("\n");
  }

  Sizes s_;
  ThreadPool& pool_;
  Workers workers_;
  Random random_;
  double peak_, total_ = 0;
  std::vector<std::vector<float>> memory_;
};

}  // namespace
}  // namespace quantrial::gradients

int main() {
  using quantrial::gradients::Sizes;
  for (const int threads : {1, 0}) {
    quantrial::ThreadPool pool(threads);
    for (const Sizes sizes : {Sizes{8, 512, 2, 4, 64}, Sizes{1, 512, 16, 48, 128}}) {
      quantrial::gradients::MixerBench(sizes, pool).run();
    }
  }
}

// Matrix products of a block, forwards and backwards: ms | GFLOP/s | % of the multiply-add rate of
// registers alone, measured in the same run.
#include <algorithm>
#include <functional>

#include "bench/timing.h"
#include "ops/matmul.h"
#include "ops/multiply_rate.h"
#include "tests/random_weights.h"

namespace quantrial {
namespace {

struct Shape {
  int64_t T, N, K;
};

void run(ThreadPool& pool, Factors factors) {
  Workers workers(pool);
  const double peak = measure_float_rate(pool) / 1e9;
  fmt::print("{} threads, registers alone: {:.0f} GFLOP/s\n", pool.size(), peak);
  fmt::print("{:>6} {:>6} {:>6}  {:>28} {:>28} {:>28}\n", "T", "N", "K", "y = x w^T", "dx = dy w",
             "dw = dy^T x");
  Random random(1);
  for (const Shape s : {Shape{4096, 256, 256}, Shape{4096, 512, 256}, Shape{4096, 256, 512},
                        Shape{4096, 1024, 1024}, Shape{512, 17408, 5120}}) {
    const std::vector<float> x = random.floats(s.T * s.K), w = random.floats(s.N * s.K);
    std::vector<float> y(static_cast<size_t>(s.T * s.N)), dx(x.size()), dw(w.size());
    const View<const float, 2> x_view(x.data(), {s.T, s.K}), w_view(w.data(), {s.N, s.K});
    const View<float, 2> y_view(y.data(), {s.T, s.N});
    const auto flop = static_cast<double>(2 * s.T * s.N * s.K);
    const int repetitions = std::clamp(static_cast<int>(4e10 / flop), 2, 40);
    fmt::print("{:>6} {:>6} {:>6}", s.T, s.N, s.K);
    const auto print = [&](const std::function<void()>& call) {
      const double seconds = shortest_seconds(pool, repetitions, call);
      const double rate = flop / seconds / 1e9;
      fmt::print("  {:>8.2f} ms {:>6.0f} {:>5.0f} %   ", seconds * 1e3, rate, 100 * rate / peak);
    };
    print([&] { multiply_nt(x_view, w_view, y_view, {Into::overwrite, factors}, workers); });
    print([&] {
      multiply_nn(y_view, w_view, {dx.data(), {s.T, s.K}}, {Into::overwrite, factors}, workers);
    });
    print([&] {
      multiply_tn(y_view, x_view, {dw.data(), {s.N, s.K}}, {Into::overwrite, factors}, workers);
    });
    fmt::print("\n");
  }
}

}  // namespace
}  // namespace quantrial

int main() {
  for (const int threads : {1, 0}) {
    quantrial::ThreadPool pool(threads);
    quantrial::run(pool, quantrial::Factors::float32);
    quantrial::run(pool, quantrial::Factors::bfloat16);
  }
}

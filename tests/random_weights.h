// Random numbers and random packed weights for tests and benchmarks; seeded, so the same
// everywhere.
#pragma once

#include <vector>

#include "base/rng.h"
#include "formats/formats.h"

namespace quantrial {

class Random {
 public:
  explicit Random(uint64_t seed) : seed_(seed) {}
  double uniform() { return quantrial::uniform(seed_, counter_++); }
  int64_t below(int64_t n) { return static_cast<int64_t>(uniform() * static_cast<double>(n)); }
  // Sum of four uniforms: bell-shaped, standard deviation 1.
  float bell() {
    return static_cast<float>((uniform() + uniform() + uniform() + uniform() - 2) * 1.7320508);
  }
  std::vector<float> floats(int64_t n) {
    std::vector<float> values(static_cast<size_t>(n));
    for (float& v : values) v = bell();
    return values;
  }
  std::vector<uint8_t> bytes(int64_t n) {
    std::vector<uint8_t> values(static_cast<size_t>(n));
    for (uint8_t& v : values) v = static_cast<uint8_t>(below(256));
    return values;
  }
  template <typename T, typename Make>
  std::vector<T> make(int64_t n, Make make_one) {
    std::vector<T> values;
    for (int64_t i = 0; i < n; ++i) values.push_back(make_one());
    return values;
  }

 private:
  uint64_t seed_, counter_ = 0;
};

inline Weight random_bf16(Random& random, int64_t N, int64_t K) {
  return Bf16{N, K,
              Array(random.make<bfloat16>(N * K, [&] { return to_bfloat16(random.bell()); }))};
}

inline Weight random_f32(Random& random, int64_t N, int64_t K) {
  return F32{N, K, Array(random.floats(N * K))};
}

inline float8_e4m3 random_e4m3(Random& random) {
  return to_float8_e4m3(random.bell() * static_cast<float>(random.uniform() < 0.1 ? 0.01 : 8.0));
}

inline Weight random_fp8(Random& random, int64_t N, int64_t K, int64_t block,
                         Activations activations = Unquantized{}) {
  const int64_t blocks = (N + block - 1) / block * ((K + block - 1) / block);
  return Fp8Block{N,
                  K,
                  block,
                  block,
                  Array(random.make<float8_e4m3>(N * K, [&] { return random_e4m3(random); })),
                  Array(random.make<float>(
                      blocks, [&] { return static_cast<float>(0.01 + random.uniform()); })),
                  activations};
}

enum class Zeros { symmetric, asymmetric };

inline Weight random_int4(Random& random, int64_t N, int64_t K, int64_t G, Zeros zeros) {
  const int64_t groups = K / G;
  Int4Group w;
  w.rows = N;
  w.columns = K;
  w.group_size = G;
  w.codes = Array(random.bytes(N * K / 2));
  w.scales = Array(random.make<bfloat16>(N * groups, [&] { return to_bfloat16(random.bell()); }));
  if (zeros == Zeros::asymmetric) w.zeros = Array(random.bytes(N * ((groups + 1) / 2)));
  return w;
}

inline Weight random_nvfp4(Random& random, int64_t N, int64_t K,
                           Activations activations = Unquantized{}) {
  return Nvfp4{N,
               K,
               Array(random.bytes(N * K / 2)),
               Array(random.make<float8_e4m3>(
                   N * K / 16, [&] { return to_float8_e4m3(std::abs(random.bell()) * 40 + 1); })),
               GlobalScale{.value = 700.0f},
               activations};
}

}  // namespace quantrial

// Linears of every format against their textbook twin, odd shapes included, on every instruction
// set that this machine has.
#include "tests/backend_pair.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

struct LinearCase {
  const char* name;
  Weight (*make)(Random&);
};
void PrintTo(const LinearCase& c, std::ostream* out) { *out << c.name; }

class Linear : public BackendPair,
               public testing::WithParamInterface<std::tuple<LinearCase, InstructionSet>> {
 protected:
  void SetUp() override { run_on(std::get<InstructionSet>(GetParam())); }
  static Weight make(Random& random) { return std::get<LinearCase>(GetParam()).make(random); }
};

TEST_P(Linear, AgreesWithReferenceForAnyNumberOfRows) {
  for (const Precision precision : {Precision::fp32, Precision::native}) {
    for (const ActivationMode mode : {ActivationMode::as_stored, ActivationMode::off}) {
      choose({.precision = precision, .activations = mode, .threads = 2});
      for (const int64_t T : {1, 2, 3, 4, 7, 17}) {
        Random random(static_cast<uint64_t>(T));
        Numbers x{random.floats(T * columns(make(random)))};
        expect_same(tolerance::operation, [&](Backend& backend) {
          Random same(7);
          const auto w = backend.upload(make(same));
          std::vector<float> y(static_cast<size_t>(T * w->rows()));
          backend.linear(x.view<2>({T, w->columns()}), *w, {y.data(), {T, w->rows()}});
          return y;
        });
      }
    }
  }
}

// The promise of backend.h: a row's result is the same bits whatever shares the step.
TEST_P(Linear, RowDoesNotDependOnTheBatch) {
  for (const Precision precision : {Precision::fp32, Precision::native}) {
    choose({.precision = precision, .threads = 2});
    Random random(3);
    const auto w = cpu_->upload(make(random));
    for (const int64_t T : {2, 3, 4, 5, 23}) {
      Numbers x{random.floats(T * w->columns())};
      std::vector<float> together(static_cast<size_t>(T * w->rows()));
      cpu_->linear(x.view<2>({T, w->columns()}), *w, {together.data(), {T, w->rows()}});
      for (int64_t t = 0; t < T; ++t) {
        std::vector<float> alone(static_cast<size_t>(w->rows()));
        cpu_->linear(x.view<2>({T, w->columns()}).rows(t, 1), *w, {alone.data(), {1, w->rows()}});
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + t * w->rows()))
            << t << " of " << T;
      }
    }
  }
}

// decode-inl.h: the numbers that the products use are those of decode_row, to the bit. Rows of the
// unit matrix pick them out.
TEST_P(Linear, DecodesToTheBitsOfDecodeRow) {
  const auto backend = make_cpu_backend(
      {.precision = Precision::fp32, .activations = ActivationMode::off, .threads = 1});
  Random random(5), same(5);
  const Weight weight = make(random);
  const auto w = backend->upload(make(same));
  const int64_t N = w->rows(), K = w->columns();
  std::vector<float> row(static_cast<size_t>(K)), y(static_cast<size_t>(K * N));
  Numbers unit{std::vector<float>(static_cast<size_t>(K * K))};
  for (int64_t k = 0; k < K; ++k) unit.values[static_cast<size_t>(k * K + k)] = 1;
  backend->linear(unit.view<2>({K, K}), *w, {y.data(), {K, N}});
  for (int64_t n = 0; n < N; ++n) {
    decode_row(weight, n, row);
    for (int64_t k = 0; k < K; ++k) {
      ASSERT_EQ(y[static_cast<size_t>(k * N + n)], row[static_cast<size_t>(k)]) << n << " " << k;
    }
  }
}

// Copying a weight into large pages changes no bit.
TEST(LargePages, HoldTheSameWeight) {
  constexpr int64_t N = 1280, K = 4096;  // 5 MB of codes
  Random random(2);
  const std::vector<uint8_t> codes = random.bytes(N * K / 2 + 1), stored = random.bytes(N * K / 16);
  std::vector<float8_e4m3> scales;
  for (const uint8_t byte : stored) scales.push_back({static_cast<uint8_t>(byte % 0x70)});
  Numbers x{random.floats(K)};
  std::vector<std::vector<float>> results;
  for (const WeightMemory memory : {WeightMemory::mapped, WeightMemory::large_pages}) {
    const auto backend = make_cpu_backend({.threads = 2, .weights = memory});
    const auto w = backend->upload(Nvfp4{N, K, Array(std::span(codes).subspan(1)),
                                         Array(std::span(std::as_const(scales))),
                                         GlobalScale{.value = 700}, Unquantized{}});
    std::vector<float> y(N);
    backend->linear(x.view<2>({1, K}), *w, {y.data(), {1, N}});
    results.push_back(y);
  }
  EXPECT_EQ(results[0], results[1]);
}

const auto linear_cases = testing::Values(
    LinearCase{"bf16", [](Random& r) { return random_bf16(r, 37, 300); }},
    LinearCase{"bf16_odd", [](Random& r) { return random_bf16(r, 5, 23); }},
    LinearCase{"f32", [](Random& r) { return random_f32(r, 16, 256); }},
    LinearCase{"fp8_ragged", [](Random& r) { return random_fp8(r, 150, 200, 128); }},
    LinearCase{"fp8_per_token",
               [](Random& r) { return random_fp8(r, 150, 256, 128, Fp8Dynamic{128}); }},
    LinearCase{"int4_g128",
               [](Random& r) { return random_int4(r, 40, 384, 128, Zeros::symmetric); }},
    LinearCase{"int4_g32_asymmetric",
               [](Random& r) { return random_int4(r, 33, 288, 32, Zeros::asymmetric); }},
    LinearCase{"int4_g16_asymmetric",
               [](Random& r) { return random_int4(r, 25, 144, 16, Zeros::asymmetric); }},
    LinearCase{"int4_g64",
               [](Random& r) { return random_int4(r, 29, 448, 64, Zeros::asymmetric); }},
    LinearCase{"int4_g128_asymmetric",
               [](Random& r) { return random_int4(r, 40, 640, 128, Zeros::asymmetric); }},
    LinearCase{"fp8_per_channel",
               [](Random& r) { return random_fp8(r, 150, 330, 512, Fp8Dynamic{0}); }},
    LinearCase{"int4_g48", [](Random& r) { return random_int4(r, 8, 528, 48, Zeros::asymmetric); }},
    LinearCase{"int4_row", [](Random& r) { return random_int4(r, 8, 640, 640, Zeros::symmetric); }},
    LinearCase{"nvfp4", [](Random& r) { return random_nvfp4(r, 50, 272); }},
    LinearCase{"nvfp4_w4a4", [](Random& r) {
                 return random_nvfp4(r, 50, 272, Nvfp4Local{GlobalScale{.value = 600}});
               }});

INSTANTIATE_TEST_SUITE_P(Formats, Linear,
                         testing::Combine(linear_cases, testing::ValuesIn(instruction_sets())),
                         [](const auto& parameter) {
                           return fmt::format("{}_{}", std::get<0>(parameter.param).name,
                                              std::get<1>(parameter.param).name());
                         });

}  // namespace
}  // namespace quantrial

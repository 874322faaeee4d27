// One iteration of AutoRound without its rounding: a block forwards on a tape and backwards to the
// gradients of its weights, at the size that auto-round is timed on (hidden 256, FF 512, 8 x 512
// tokens, 0.66 M weights): ms, and the share of its Linears' products in the multiply-add rate of
// registers alone, measured in the same run.
//     block_bench --iterations N [--all]: instead, AutoRound in INT4 g128 over 16 sequences, with
// --all never stopped early: seconds, and seconds of processor time (what remains comparable beside
// other programs).
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/temporary_folder.h"
#include "bench/timing.h"
#include "ops/multiply_rate.h"
#include "quantize/auto_round.h"
#include "quantize/hidden_states.h"
#include "tests/random_weights.h"

namespace quantrial {
namespace {

constexpr int64_t sequences = 8, length = 512, T = sequences * length;

ModelConfig config_of_block() {
  ModelConfig config;
  config.hidden_size = 256;
  config.intermediate_size = 512;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = config.linear_key_head_dim = config.linear_value_head_dim = 64;
  config.linear_num_key_heads = 2;
  config.linear_num_value_heads = 4;
  config.linear_conv_kernel_dim = 4;
  config.rotary_dim = 16;
  config.rope_theta = 1e7;
  config.mrope_section = {3, 3, 2};
  config.rms_norm_eps = 1e-6;
  return config;
}

// A folder with random weights of both kinds of block, gone with this object.
class Folder {
 public:
  explicit Folder(const ModelConfig& c) {
    for (const MixerKind kind : {MixerKind::linear_attention, MixerKind::full_attention}) {
      for (const BlockLinear& w : block_linears(c, prefix(kind), kind)) {
        add(w.module + ".weight", {w.rows, w.columns},
            1 / std::sqrt(static_cast<float>(w.columns)));
      }
      add(prefix(kind) + "input_layernorm.weight", {c.hidden_size}, 0.1f);
      add(prefix(kind) + "post_attention_layernorm.weight", {c.hidden_size}, 0.1f);
    }
    const std::string linear = prefix(MixerKind::linear_attention) + "linear_attn.";
    add(linear + "conv1d.weight", {c.qkv_rows(), 1, c.linear_conv_kernel_dim}, 0.5f);
    add(linear + "A_log", {c.linear_num_value_heads}, 1);
    add(linear + "dt_bias", {c.linear_num_value_heads}, 1);
    add(linear + "norm.weight", {c.linear_value_head_dim}, 1);
    const std::string full = prefix(MixerKind::full_attention) + "self_attn.";
    add(full + "q_norm.weight", {c.head_dim}, 0.1f);
    add(full + "k_norm.weight", {c.head_dim}, 0.1f);
    write_safetensors(path / "model.safetensors", tensors_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  static std::string prefix(MixerKind kind) {
    return kind == MixerKind::full_attention ? "layers.1." : "layers.0.";
  }

  const TemporaryFolder scratch;
  const std::filesystem::path path = scratch.path();

 private:
  void add(const std::string& name, const std::vector<int64_t>& shape, float scale) {
    int64_t n = 1;
    for (const int64_t d : shape) n *= d;
    std::vector<float> values = random_.floats(n);
    for (float& v : values) v *= scale;
    tensors_.push_back({name, DType::f32, shape, [values] {
                          std::vector<std::byte> bytes(values.size() * sizeof(float));
                          std::memcpy(bytes.data(), values.data(), bytes.size());
                          return bytes;
                        }});
  }

  Random random_{1};
  std::vector<TensorToWrite> tensors_;
};

void run(DenseBlock& block, const ModelConfig& config, const Activations& activations,
         ThreadPool& pool) {
  const std::vector<Activations> inputs(block.linears().size(), activations);
  Random random(2);
  std::vector<float> x = random.floats(T * config.hidden_size), dy = x, y(x.size());
  const std::array<int64_t, 2> shape = {T, config.hidden_size};
  const DenseBlock::Pass pass{.weights = block.weights(),
                              .inputs = inputs,
                              .sequence_length = length,
                              .factors = Factors::bfloat16};
  Tape tape;
  const auto forward = [&] {
    block.forward(pass, View<float, 2>(x.data(), shape), {y.data(), shape}, tape);
  };
  const auto backward = [&] {
    block.backward(pass, tape, View<float, 2>(dy.data(), shape), [](int64_t, View<float, 2>) {});
  };
  int64_t weights = 0;
  for (const auto& w : block.weights()) weights += w.size();
  const double peak = measure_float_rate(pool);
  const double ahead = shortest_seconds(pool, 20, forward);
  const double both = shortest_seconds(pool, 20, [&] {
    forward();
    backward();
  });
  fmt::print(
      "forward {:>6.1f} ms, with backward {:>6.1f} ms, of which the products of Linears at that "
      "rate {:.0f} %\n",
      ahead * 1e3, both * 1e3, 100 * static_cast<double>(6 * T * weights) / peak / both);
}

using Kinds = std::vector<MixerKind>;

void run_kinds(const Folder& folder, const ModelConfig& config, const Kinds& kinds,
               ThreadPool& pool) {
  fmt::print("{} threads, registers alone {:.0f} GFLOP/s\n", pool.size(),
             measure_float_rate(pool) / 1e9);
  const Checkpoint checkpoint(folder.path);
  for (const MixerKind kind : kinds) {
    DenseBlock block(checkpoint, config, Folder::prefix(kind), kind, pool);
    const bool full = kind == MixerKind::full_attention;
    fmt::print("  {} attention:                ", full ? "full  " : "linear");
    run(block, config, Unquantized{}, pool);
    fmt::print("  {} attention, NVFP4 inputs:  ", full ? "full  " : "linear");
    run(block, config, Nvfp4Local{GlobalScale{.value = 100}}, pool);
  }
}

// Multiply-adds of bfloat16 factors, two FLOP each, of an iteration: Linears forwards, to the
// gradients of their weights and of the inputs of o_proj and the MLP; full attention's scores and
// sums, whose blocks leave out the keys after them, 2 products forwards and 5 backwards.
double flop_of_iteration(const DenseBlock& block, const ModelConfig& config, MixerKind kind) {
  double weights = 0, backward = 0;
  for (const BlockLinear& linear : block.linears()) {
    const auto size = static_cast<double>(linear.rows * linear.columns);
    weights += size;
    const bool reads_norm = linear.input == block.linears()[0].input;
    if (!reads_norm) backward += size;
  }
  const double keys = length / 2.0 + 32;
  const double scores =
      kind == MixerKind::full_attention
          ? keys * static_cast<double>(config.num_attention_heads * config.head_dim)
          : 0;
  return 2.0 * T * (2 * weights + backward + 7 * scores);
}

struct Calibration {
  std::unique_ptr<HiddenStates> inputs, outputs;
};

Calibration calibration(DenseBlock& block, int64_t width) {
  const StatesShape shape{.lengths = std::vector<int64_t>(16, length), .width = width};
  Calibration states{states_in_memory(shape), states_in_memory(shape)};
  Random random(2);
  const std::array<int64_t, 2> rows = {length, width};
  for (int64_t i = 0; i < states.inputs->sequences(); ++i) {
    std::vector<float> x = random.floats(length * width), y(x.size());
    const View<float, 2> x_view(x.data(), rows), y_view(y.data(), rows);
    block.forward({.weights = block.weights(), .sequence_length = length}, x_view, y_view);
    states.inputs->write(i, x_view);
    states.outputs->write(i, y_view);
  }
  return states;
}

struct Tuned {
  const Folder& folder;
  const ModelConfig& config;
  AutoRoundParameters parameters;
};

void tune(const Tuned& tuned, const Kinds& kinds, ThreadPool& pool) {
  const auto& [folder, config, parameters] = tuned;
  const Checkpoint checkpoint(folder.path);
  for (const MixerKind kind : kinds) {
    DenseBlock block(checkpoint, config, Folder::prefix(kind), kind, pool);
    const Calibration states = calibration(block, config.hidden_size);
    std::vector<LinearTarget> targets;
    for (const BlockLinear& linear : block.linears()) {
      targets.push_back(
          {.codec = linear.rows % 32 == 0 ? std::optional<Codec>(Int4Codec{}) : std::nullopt});
    }
    const double start = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    AutoRound algorithm(parameters);
    const BlockResult result = algorithm.quantize({.block = block,
                                                   .targets = targets,
                                                   .inputs = *states.inputs,
                                                   .outputs = *states.outputs,
                                                   .pool = pool,
                                                   .seed = 1});
    fmt::print(
        "{} threads, {} attention: {:.2f} s, {:.2f} s of processors; error {:.4f} -> {:.4f}; {}\n",
        pool.size(), kind == MixerKind::full_attention ? "full" : "linear",
        seconds_of(CLOCK_MONOTONIC) - start, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used,
        result.error_before, result.error_after, result.notes.back());
    fmt::print("    bound of {} iterations: {:.2f} s\n", parameters.iters,
               static_cast<double>(parameters.iters) * flop_of_iteration(block, config, kind) /
                   measure_bfloat16_rate(pool));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace quantrial

int main(int argc, char** argv) {
  using namespace quantrial;
  std::optional<int64_t> iterations;
  bool all = false;
  std::vector<int> thread_counts = {1, 0};
  std::string kind;
  CLI::App app("One iteration of AutoRound, or with --iterations all of it");
  app.add_option("--iterations", iterations);
  app.add_flag("--all", all, "never stop early");
  app.add_option("--threads", thread_counts, "0: one a core");
  app.add_option("--kind", kind, "full or linear alone");
  CLI11_PARSE(app, argc, argv);
  const ModelConfig config = config_of_block();
  const Folder folder(config);
  Kinds kinds;
  if (kind != "linear") kinds.push_back(MixerKind::full_attention);
  if (kind != "full") kinds.push_back(MixerKind::linear_attention);
  for (const int threads : thread_counts) {
    ThreadPool pool(threads);
    if (!iterations) {
      run_kinds(folder, config, kinds, pool);
      continue;
    }
    AutoRoundParameters parameters{.iters = *iterations};
    if (all) parameters.patience = parameters.looks;
    tune({folder, config, parameters}, kinds, pool);
  }
}

// quantrial bench: how fast a checkpoint runs here, beside what the memory allows.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/engine_options.h"
#include "apps/interrupt.h"
#include "base/error.h"
#include "evals/speed/observe_speed.h"
#include "model/prompt_flop.h"
#include "ops/memory_bandwidth.h"
#include "ops/multiply_rate.h"

namespace quantrial {
namespace {

struct BenchArguments {
  ModelArguments model;
  int64_t prompt_tokens = 512, output_tokens = 64, repetitions = 3, draft_tokens = 0;
  std::vector<int64_t> concurrency = {1};
  bool json = false;
};

// One concurrency, medians over the repetitions.
struct Measurement {
  int64_t concurrency = 0;
  double prefill_tokens_per_s = 0;  // prompt tokens until all have their first token
  double multiply_share = 0;        // of prefill, useful operations over what registers alone do
  double decode_tokens_per_s = 0;   // of all sequences together, while all decode
  double decode_steps_per_s = 0;
  double step_bytes = 0;  // weights, states and keys and values that one step moves
  double bandwidth_share = 0;
  SpeculationCounters speculation{};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

class Bench {
 public:
  Bench(const BenchArguments& arguments, const CommonOptions& common)
      : arguments_(arguments), open_(open_model(common, arguments.model)) {
    const int64_t most =
        *std::max_element(arguments.concurrency.begin(), arguments.concurrency.end());
    plan_ = open_.plan(memory_wish(load(most), open_.model->options().max_batch_tokens));
    ThreadPool pool(common.threads);
    bandwidth_ = measure_read_bandwidth(pool);
    multiply_rate_ = arguments.model.precision == "fp32" ? measure_float_rate(pool)
                                                         : measure_bfloat16_rate(pool);
  }

  Measurement measure(int64_t concurrency) {
    Measurement result{.concurrency = concurrency};
    std::vector<double> prefill, decode, steps;
    for (int64_t repetition = -1; repetition < arguments_.repetitions; ++repetition) {
      const SpeedObservation o = run(concurrency, repetition);
      if (repetition < 0) continue;  // warm-up
      prefill.push_back(o.prefill.tokens_per_s());
      decode.push_back(o.decode.tokens_per_s());
      steps.push_back(static_cast<double>(o.decode.steps) / o.decode.seconds);
      result.speculation += o.speculation();
    }
    result.prefill_tokens_per_s = median(prefill);
    const double prompts_per_s =
        result.prefill_tokens_per_s / static_cast<double>(arguments_.prompt_tokens);
    result.multiply_share = prompts_per_s *
                            prompt_flop(open_.model->config(), arguments_.prompt_tokens) /
                            multiply_rate_;
    result.decode_tokens_per_s = median(decode);
    result.decode_steps_per_s = median(steps);
    result.step_bytes = bytes_per_step(concurrency);
    result.bandwidth_share = result.step_bytes * result.decode_steps_per_s / bandwidth_;
    return result;
  }

  const MemoryPlan& plan() const { return plan_; }
  ModelBytes bytes() const { return open_.model->bytes(); }
  double bandwidth() const { return bandwidth_; }
  double multiply_rate() const { return multiply_rate_; }

 private:
  SpeedLoad load(int64_t concurrency) const {
    return {.cell = {.concurrency = concurrency,
                     .prompt_tokens = arguments_.prompt_tokens,
                     .draft_tokens = arguments_.draft_tokens},
            .output_tokens = arguments_.output_tokens,
            .sampling = {.temperature = 0}};
  }

  SpeedObservation run(int64_t concurrency, int64_t repetition) {
    const SpeedLoad wanted = load(concurrency);
    const auto prompts = random_prompts(wanted.cell, open_.model->config().vocab_size,
                                        static_cast<uint64_t>((repetition + 1) * 1000));
    return observe_speed(*open_.model, plan_.engine, wanted, prompts, [&] {
      if (guard_.interrupted()) throw Error("bench: interrupted before it was done");
    });
  }

  // Weights once, the output matrix too; each sequence's states read and written and its keys and
  // values read. A draft reads the MTP head and the output matrix again.
  double bytes_per_step(int64_t concurrency) const {
    const ModelConfig& config = open_.model->config();
    const int64_t states = StatePool::recurrent_bytes(
        config, {.max_sequences = 1, .max_tokens = 0, .max_speculative_rows = 0});
    const int64_t page = StatePool::kv_bytes(config, open_.backend->kv_dtype(),
                                             {.max_sequences = 1, .max_tokens = page_tokens});
    const double length = static_cast<double>(arguments_.prompt_tokens) +
                          static_cast<double>(arguments_.output_tokens) / 2;
    const double sequence =
        2 * static_cast<double>(states) + length * static_cast<double>(page) / page_tokens;
    return static_cast<double>(bytes().per_token +
                               arguments_.draft_tokens * (bytes().mtp + bytes().head)) +
           static_cast<double>(concurrency) * sequence;
  }

  const BenchArguments& arguments_;
  InterruptGuard guard_;
  OpenModel open_;
  MemoryPlan plan_;
  double bandwidth_ = 0, multiply_rate_ = 0;
};

nlohmann::ordered_json as_json(const Bench& bench, const BenchArguments& arguments,
                               const std::vector<Measurement>& measurements) {
  auto rows = nlohmann::ordered_json::array();
  for (const Measurement& m : measurements) {
    rows.push_back({{"concurrency", m.concurrency},
                    {"prefill_tokens_per_s", m.prefill_tokens_per_s},
                    {"multiply_share", m.multiply_share},
                    {"decode_tokens_per_s", m.decode_tokens_per_s},
                    {"decode_steps_per_s", m.decode_steps_per_s},
                    {"step_bytes", m.step_bytes},
                    {"bandwidth_share", m.bandwidth_share},
                    {"mtp",
                     {{"drafts", m.speculation.drafts},
                      {"drafted_tokens", m.speculation.drafted_tokens},
                      {"accepted_tokens", m.speculation.accepted_tokens},
                      {"accepted_by_position", m.speculation.accepted_by_position}}}});
  }
  const MemoryPlan& plan = bench.plan();
  return {{"prompt_tokens", arguments.prompt_tokens},
          {"output_tokens", arguments.output_tokens},
          {"draft_tokens", arguments.draft_tokens},
          {"precision", arguments.model.precision},
          {"weight_bytes", bench.bytes().weights},
          {"weight_bytes_per_token", bench.bytes().per_token},
          {"kv_bytes", plan.kv},
          {"state_bytes", plan.recurrent},
          {"planned_bytes", plan.total()},
          {"resident_bytes", resident_memory_bytes()},
          {"head_bits", arguments.model.head_bits},
          {"read_bandwidth_bytes_per_s", bench.bandwidth()},
          {"multiply_flop_per_s", bench.multiply_rate()},
          {"measurements", rows}};
}

void print_table(const Bench& bench, const BenchArguments& arguments,
                 const std::vector<Measurement>& measurements) {
  constexpr double MiB = 1 << 20;
  const MemoryPlan& plan = bench.plan();
  fmt::print(
      "weights {:.1f} MiB, read per token {:.1f} MiB; keys and values {:.1f} MiB, states "
      "{:.1f} MiB\nresident {:.1f} MiB of {:.1f} MiB planned; memory read at {:.1f} GB/s, "
      "registers alone multiply at {:.0f} GFLOP/s (measured now)\n\n",
      static_cast<double>(bench.bytes().weights) / MiB,
      static_cast<double>(bench.bytes().per_token) / MiB, static_cast<double>(plan.kv) / MiB,
      static_cast<double>(plan.recurrent) / MiB, static_cast<double>(resident_memory_bytes()) / MiB,
      static_cast<double>(plan.total()) / MiB, bench.bandwidth() * 1e-9,
      bench.multiply_rate() * 1e-9);
  fmt::print(
      "prompt {} tokens, output {} tokens, {} drafts, {}; medians of {}\n{:>11} {:>15} {:>13} "
      "{:>14} {:>8} {:>12} {:>10}\n",
      arguments.prompt_tokens, arguments.output_tokens, arguments.draft_tokens,
      arguments.model.precision, arguments.repetitions, "concurrency", "prefill tok/s",
      "of multiplies", "decode tok/s", "GB/s", "of bandwidth", "accepted");
  for (const Measurement& m : measurements) {
    const double drafted = static_cast<double>(m.speculation.drafted_tokens);
    fmt::print("{:>11} {:>15.1f} {:>12.0f}% {:>14.1f} {:>8.2f} {:>11.0f}% {:>10}\n", m.concurrency,
               m.prefill_tokens_per_s, 100 * m.multiply_share, m.decode_tokens_per_s,
               m.step_bytes * m.decode_steps_per_s * 1e-9, 100 * m.bandwidth_share,
               drafted > 0
                   ? fmt::format("{:.0f}%",
                                 100 * static_cast<double>(m.speculation.accepted_tokens) / drafted)
                   : "-");
  }
}

void run_bench(const BenchArguments& arguments, const CommonOptions& common) {
  Bench bench(arguments, common);
  std::vector<Measurement> measurements;
  for (const int64_t concurrency : arguments.concurrency) {
    measurements.push_back(bench.measure(concurrency));
  }
  if (arguments.json) {
    fmt::print("{}\n", as_json(bench, arguments, measurements).dump(2));
  } else {
    print_table(bench, arguments, measurements);
  }
}

}  // namespace

void add_bench_command(CLI::App& app, const CommonOptions& common) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand(
      "bench", "Prefill and decode speed, memory, and the share of the memory bandwidth");
  add_model_arguments(*command, arguments->model);
  const auto count = [&](const char* name, int64_t& value, int64_t low, const char* text) {
    command->add_option(name, value, text)
        ->check(CLI::Range(low, int64_t{1} << 24))
        ->capture_default_str();
  };
  count("--prompt-tokens", arguments->prompt_tokens, 1, "Random ids in each prompt");
  count("--output-tokens", arguments->output_tokens, 1, "Tokens a sequence while all decode");
  count("--repetitions", arguments->repetitions, 1, "Measured runs, after one that is dropped");
  command->add_option("--concurrency", arguments->concurrency, "Sequences at once: 1,4,16")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--draft-tokens", arguments->draft_tokens, "Drafts by the MTP head")
      ->check(CLI::Range(0, static_cast<int>(max_draft_tokens)))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print one JSON object");
  command->footer(
      "Example:\n  quantrial bench models/Qwen3.6-27B-NVFP4 --concurrency 1,4\nPrompts are random "
      "ids: MTP acceptance on them says nothing about real text.");
  command->callback([arguments, &common] { run_bench(*arguments, common); });
}

}  // namespace quantrial

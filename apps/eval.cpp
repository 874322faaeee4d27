// quantrial eval: one model, some benchmarks; every sample stored, graded and summed up.
#include <algorithm>
#include <cstdio>

#include "apps/data_folder.h"
#include "apps/engine_options.h"
#include "apps/interrupt.h"
#include "apps/progress.h"
#include "base/error.h"
#include "base/sha256.h"
#include "evals/benchmark_runs.h"
#include "evals/local_answerer.h"
#include "evals/results.h"
#include "tensor/file_in_progress.h"
#include "tensor/fingerprint.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

struct EvalArguments {
  ModelArguments model;
  std::vector<std::string> benchmarks, benchmark_files;
  std::string out, thinking = "on";
  std::optional<std::string> variant;
  int64_t samples = 1, concurrency = 16, draft_tokens = 0;
  std::optional<int64_t> limit, context;
  BenchmarkSampling sampling;
  uint64_t seed = 42;
};

std::map<std::string, fs::path> supplied_files(const std::vector<std::string>& pairs) {
  std::map<std::string, fs::path> files;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error("--benchmark-file {}: give NAME=FILE", escaped(pair));
    }
    files[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return files;
}

RunWish wish_of(const EvalArguments& a) {
  return {.benchmarks = a.benchmarks,
          .files = {data_path("benchmarks"), supplied_files(a.benchmark_files)},
          .samples = a.samples,
          .limit = a.limit,
          .sampling = a.sampling,
          .thinking = a.thinking == "on"    ? ThinkingWish::on
                      : a.thinking == "off" ? ThinkingWish::off
                                            : ThinkingWish::both,
          .seed = a.seed};
}

double percent(const EvaluationProgress& p) {
  return p.scored == 0 ? 0.0 : 100 * static_cast<double>(p.right) / static_cast<double>(p.scored);
}

class Progress {
 public:
  explicit Progress(const Evaluation& evaluation) : evaluation_(evaluation) {}

  void show() {
    int64_t done = 0, total = 0, tokens = 0;
    std::string each;
    for (const EvaluationProgress& p : evaluation_.progress()) {
      done += p.done;
      total += p.total;
      tokens += p.generated_tokens;
      if (p.done < p.total && p.done > 0) {
        each += fmt::format("; {} {}/{}, {:.1f} %", p.benchmark, p.done, p.total, percent(p));
      }
    }
    const std::chrono::duration<double> elapsed = Clock::now() - start_;
    line_.show(static_cast<double>(done) / static_cast<double>(std::max<int64_t>(total, 1)),
               fmt::format("{}/{} samples, {:.0f} tok/s{}", done, total,
                           static_cast<double>(tokens) / elapsed.count(), each));
  }

 private:
  const Evaluation& evaluation_;
  ProgressLine line_{"eval"};
  Clock::time_point start_ = Clock::now();
};

// The queue as the engine's thread sees it: shows progress and asks for Ctrl-C in passing.
class Watched : public WorkQueue {
 public:
  Watched(Evaluation& evaluation, const CommonOptions& common)
      : evaluation_(evaluation), quiet_(common.quiet), progress_(evaluation) {}

  std::optional<Ask> next() override { return evaluation_.next(); }
  void done(uint64_t ticket, Reply reply) override { evaluation_.done(ticket, std::move(reply)); }
  bool stopped() const override {
    if (guard_.interrupted()) evaluation_.stop();
    if (!quiet_) progress_.show();
    return evaluation_.stopped();
  }
  bool interrupted() const { return guard_.interrupted(); }

 private:
  Evaluation& evaluation_;
  InterruptGuard guard_;
  bool quiet_;
  mutable Progress progress_;
};

std::string percents(const nlohmann::ordered_json& f) {
  const auto p = [&](const char* key) { return 100 * f.at(key).get<double>(); };
  return fmt::format("{:.1f} [{:.1f}, {:.1f}]", p("value"), p("lo"), p("hi"));
}

// The figures of the variant, a row a benchmark.
void print_table(const nlohmann::ordered_json& variant) {
  fmt::print("{:<24} {:>5} {:>4}  {:>20} {:>8} {:>8} {:>8} {:>8}\n", "benchmark", "n", "K",
             "accuracy, % [95 %]", "pass@K", "maj@K", "tokens", "cut, %");
  for (const auto& [name, b] : variant.at("benchmarks").items()) {
    if (!b.contains("accuracy")) {
      fmt::print("{:<24} nothing scored\n", name);
      continue;
    }
    const std::string K = std::to_string(b.at("K").get<int64_t>());
    const auto share = [&](const char* figures) {
      return b.contains(figures)
                 ? fmt::format("{:.1f}", 100 * b[figures].at(K).at("value").get<double>())
                 : std::string("-");
    };
    const auto& tokens = b.at("tokens");
    const bool known = !tokens.at("lengths").is_null();
    fmt::print(
        "{:<24} {:>5} {:>4}  {:>20} {:>8} {:>8} {:>8} {:>8}\n", name, b.at("n").get<int64_t>(), K,
        percents(b.at("accuracy")), share("pass_at"), share("maj_at"),
        known ? fmt::format("{:.0f}", tokens.at("generated").at("value").get<double>()) : "-",
        known ? fmt::format(
                    "{:.1f}",
                    100 * tokens.at("lengths").at("truncation_rate").at("value").get<double>())
              : "-");
  }
}

// What keeps figures from being whole, a line each.
void print_troubles(const std::vector<EvaluationProgress>& progress) {
  for (const EvaluationProgress& p : progress) {
    const int64_t errors = p.transport_errors + p.sandbox_errors;
    if (errors == 0) continue;
    fmt::print(stderr, "{}: {} samples not scored ({}); run the same command again for them\n",
               p.benchmark, errors, escaped(p.last_error, 200));
  }
}

nlohmann::ordered_json write_results(const SampleStore& store, const fs::path& folder) {
  nlohmann::ordered_json results = evaluation_results(store, {});
  const std::string text = results.dump(1, ' ', false) + "\n";
  FileInProgress file(folder / "results.json");
  file.write(std::as_bytes(std::span(text)));
  file.commit(Durability::synced);
  return results;
}

std::string how_it_runs(const EvalArguments& a) {
  return fmt::format("{} {} {}", a.model.precision, a.model.activations,
                     a.model.nvfp4_global_scale);
}

void run_eval(const EvalArguments& a, const CommonOptions& common) {
  const fs::path dir = model_folder(a.model);
  std::vector<BenchmarkRun> runs = benchmark_runs(wish_of(a), read_generation_defaults(dir));
  const Tokenizer tokenizer = Tokenizer::load(dir);
  const std::optional<ChatTemplate> chat_template = ChatTemplate::find(dir);
  const OpenModel open = open_model(common, a.model);
  const MemoryPlan plan = open.plan(
      {.concurrency = a.concurrency, .context_tokens = a.context, .draft_tokens = a.draft_tokens});
  if (common.verbose) fmt::print(stderr, "{}\n", describe(plan));
  Engine engine(*open.model, &tokenizer, plan.engine);
  const std::string identity = fingerprint(Checkpoint(dir)) + " " + how_it_runs(a);
  LocalAnswerer answerer(engine, tokenizer, chat_template,
                         {.concurrency = a.concurrency,
                          .draft_tokens = a.draft_tokens,
                          .fingerprint = Sha256::hex(identity)});
  const std::string variant = a.variant.value_or(fs::canonical(dir).filename().string());
  SampleStore store(a.out, Database::Access::read_write);
  Evaluation evaluation(std::move(runs),
                        {.variant = variant,
                         .fingerprint = answerer.fingerprint(),
                         .seed = a.seed,
                         .grading_threads = 2},
                        store);
  Watched queue(evaluation, common);
  answerer.work(queue);
  evaluation.finish();
  queue.stopped();  // the last state of the progress
  print_table(write_results(store, a.out).at("variants").at(variant));
  print_troubles(evaluation.progress());
  if (queue.interrupted()) {
    throw Error("eval: interrupted; what was finished is in {}, run the same command to go on",
                escaped(a.out, 400));
  }
}

}  // namespace

void add_eval_command(CLI::App& app, const CommonOptions& common) {
  const auto a = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Ask a model benchmarks, grade and sum up");
  add_model_arguments(*command, a->model);
  command->add_option("--benchmark", a->benchmarks, "Names or sets (`quantrial list benchmarks`)")
      ->required()
      ->delimiter(',');
  command->add_option("-o,--out", a->out, "Folder for samples.sqlite and results.json")->required();
  command
      ->add_option("--benchmark-file", a->benchmark_files,
                   "NAME=FILE: the questions of a set that is not shipped")
      ->allow_extra_args(false);
  command->add_option("--samples", a->samples, "Samples of each question, K")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--limit", a->limit, "Questions of each benchmark, drawn by the seed")
      ->check(CLI::PositiveNumber);
  command->add_option("--variant", a->variant, "Name in the results; without: the folder's");
  command->add_option("--thinking", a->thinking, "The template's enable_thinking")
      ->check(CLI::IsMember({"on", "off", "both"}))
      ->capture_default_str();
  command->add_option("--concurrency", a->concurrency, "Samples at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--context", a->context, "Longest prompt and output; without: what fits");
  command->add_option("--draft-tokens", a->draft_tokens, "Drafts by the MTP head")
      ->check(CLI::Range(0, static_cast<int>(max_draft_tokens)))
      ->capture_default_str();
  BenchmarkSampling& s = a->sampling;
  command->add_option("--max-tokens", s.max_tokens, "Thinking and answer together");
  command->add_option("--temperature", s.temperature, "Without: the benchmark's or the model's");
  command->add_option("--top-p", s.top_p, "Keep the likeliest tokens with this probability");
  command->add_option("--top-k", s.top_k, "Keep the k likeliest tokens; 0: all");
  command->add_option("--min-p", s.min_p, "Keep tokens with this share of the likeliest's");
  command->add_option("--presence-penalty", s.presence_penalty, "Subtract from ids in the output");
  command->add_option("--seed", a->seed, "Of the draw of questions and of all samples")
      ->capture_default_str();
  command->footer(
      "Example:\n  quantrial eval models/Qwen3.6-27B-NVFP4 --benchmark gsm8k,humaneval-plus "
      "--samples 4 -o out/nvfp4\nRun it again to go on after an interruption, or with more "
      "--samples.");
  command->callback([a, &common] { run_eval(*a, common); });
}

}  // namespace quantrial

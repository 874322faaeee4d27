// quantrial fidelity: how far a model's predictions are from its base's, on the same tokens.
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/data_folder.h"
#include "apps/engine_options.h"
#include "apps/interrupt.h"
#include "apps/output_file.h"
#include "apps/progress.h"
#include "base/error.h"
#include "engine/usual_sampling.h"
#include "evals/fidelity/fidelity_report.h"
#include "evals/fidelity/fidelity_texts.h"
#include "evals/fidelity/own_traces.h"
#include "tensor/file_in_progress.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

struct FidelityArguments {
  ModelArguments model;
  std::string base, out, save_traces;
  std::vector<std::string> texts, questions;
  FidelityLimits limits;
  TraceRequest traces;
  std::string noise_floor = "on";

  SamplingParameters sampling() const {  // the base model's own
    SamplingParameters own = usual_sampling(read_generation_defaults(base));
    own.seed = traces.seed;
    return own;
  }
};

class Progress {
 public:
  explicit Progress(const CommonOptions& common) : quiet_(common.quiet) {}

  // Counts up to `total` of `what` from here on.
  std::function<void(int64_t)> over(int64_t total, std::string what) {
    line_.emplace("fidelity");
    return [this, total, what, done = int64_t{0}](int64_t more) mutable {
      done += more;
      if (guard_.interrupted()) throw Error("fidelity: interrupted; nothing was written");
      if (quiet_) return;
      line_->show(static_cast<double>(done) / static_cast<double>(total),
                  fmt::format("{}: {} tokens", what, done));
    };
  }

 private:
  InterruptGuard guard_;
  bool quiet_;
  std::optional<ProgressLine> line_;
};

// Opens an output before the work that fills it starts.
void open_output(std::optional<FileInProgress>& file, const char* option, const std::string& name,
                 const FidelityArguments& arguments) {
  if (name.empty()) return;
  CommandInput input{.files = arguments.texts, .folders = {arguments.model.model, arguments.base}};
  input.files.insert(input.files.end(), arguments.questions.begin(), arguments.questions.end());
  check_output_file(option, name, input);
  file.emplace(name);
}

void finish(FileInProgress& file, const std::string& content) {
  file.write(std::as_bytes(std::span(content)));
  file.commit(Durability::synced);
}

std::vector<FidelityText> texts_of(const FidelityArguments& arguments, const OpenModel& base,
                                   Progress& progress) {
  if (!arguments.texts.empty()) {
    const std::vector<fs::path> files(arguments.texts.begin(), arguments.texts.end());
    return read_fidelity_texts(files, base.dir, base.model->config(), arguments.limits);
  }
  std::optional<FileInProgress> saved;
  open_output(saved, "fidelity --save-traces", arguments.save_traces, arguments);
  TraceRequest request = arguments.traces;
  request.questions = {arguments.questions.begin(), arguments.questions.end()};
  if (request.questions.empty()) {
    request.questions = question_files(data_path("benchmarks/reference"));
  }
  request.max_tokens = arguments.limits.context;
  request.sampling = arguments.sampling();
  base.plan({.concurrency = traces_at_once, .context_tokens = request.max_tokens});
  const auto traces = own_traces(*base.model, base.dir, request,
                                 progress.over(request.traces * request.max_tokens, "own traces"));
  if (saved) finish(*saved, trace_lines(traces));
  return limited(traces, arguments.limits);
}

FidelityBreakdown compare(const ForcedModel& base, const ForcedModel& model,
                          std::span<const FidelityText> texts, const SamplingParameters& sampling,
                          ThreadPool& pool, const std::function<void(int64_t)>& predicted) {
  return break_down(compare_models(base, model, texts, sampling, pool, predicted));
}

// The base against itself with what a lossless but different kernel would change: the other
// precision of matrix inputs, and the delta rule row by row in place of chunks.
FidelityBreakdown noise_floor(const FidelityArguments& arguments, const CommonOptions& common,
                              const OpenModel& base, std::span<const FidelityText> texts,
                              ThreadPool& pool, Progress& progress) {
  ModelArguments again = arguments.model;
  again.model = arguments.base;
  again.head_bits = "16";
  again.precision = again.precision == "fp32" ? "native" : "fp32";
  const OpenModel other = open_model(common, again);
  return compare({*base.model, arguments.base},
                 {*other.model, arguments.base, DeltaRows::one_by_one}, texts, arguments.sampling(),
                 pool, progress.over(predicted_tokens(texts), "noise floor"));
}

void run(const FidelityArguments& arguments, const CommonOptions& common) {
  std::optional<FileInProgress> out;
  open_output(out, "fidelity -o", arguments.out, arguments);
  ModelArguments base_arguments = arguments.model;
  base_arguments.model = arguments.base;
  base_arguments.head_bits = "16";
  const OpenModel base = open_model(common, base_arguments);
  const OpenModel model = open_model(common, arguments.model);
  ThreadPool pool(common.threads);
  Progress progress(common);
  const std::vector<FidelityText> texts = texts_of(arguments, base, progress);
  for (const OpenModel* open : {&base, &model}) open->plan({.context_tokens = longest(texts)});

  FidelityReport report{
      .model = arguments.model.model,
      .base = arguments.base,
      .texts = arguments.texts.empty()
                   ? fmt::format("own traces of the base, seed {}", arguments.traces.seed)
                   : fmt::format("{}", fmt::join(arguments.texts, ", ")),
      .precision = arguments.model.precision,
      .sampling = arguments.sampling(),
      .fidelity =
          compare({*base.model, arguments.base}, {*model.model, arguments.model.model}, texts,
                  arguments.sampling(), pool, progress.over(predicted_tokens(texts), "compare"))};
  if (arguments.noise_floor == "on") {
    report.noise_floor = noise_floor(arguments, common, base, texts, pool, progress);
  }
  if (out) {
    finish(*out, fidelity_json(report).dump(1) + "\n");
  }
  fmt::print("{}", fidelity_table(report));
}

}  // namespace

void add_fidelity_command(CLI::App& app, const CommonOptions& common) {
  const auto a = std::make_shared<FidelityArguments>();
  CLI::App* command = app.add_subcommand("fidelity", "KL divergence and friends against the base");
  add_model_arguments(*command, a->model);
  command->add_option("--base", a->base, "Folder of the base checkpoint")->required();
  CLI::Option* text =
      command
          ->add_option("--text", a->texts,
                       ".txt, or .jsonl with text, messages or input_ids a line; repeatable. "
                       "Without: the base model's own traces")
          ->allow_extra_args(false);
  command->add_option("--tokens", a->limits.tokens, "Tokens to compare on, at most")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 40))
      ->capture_default_str();
  command->add_option("--context", a->limits.context, "Tokens of one text or trace, at most")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 30))
      ->capture_default_str();
  command->add_option("--own-traces", a->traces.traces, "Questions that the base answers")
      ->excludes(text)
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
      ->capture_default_str();
  command
      ->add_option("--questions", a->questions,
                   ".jsonl with question or messages a line; repeatable. Without: the shipped "
                   "reference benchmarks")
      ->excludes(text)
      ->allow_extra_args(false);
  command->add_option("--save-traces", a->save_traces, "Write the traces, to be given to --text")
      ->excludes(text);
  command->add_option("--seed", a->traces.seed, "Of the questions drawn and the traces")
      ->capture_default_str();
  command->add_option("--noise-floor", a->noise_floor, "Also compare the base with itself")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  command->add_option("-o,--output", a->out, "JSON file to write (docs/fidelity.md)");
  command->footer(
      "Example:\n  quantrial fidelity out/int4 --base models/Qwen3.6-27B --text held-out.jsonl\n"
      "--precision and --activations hold for both models, --head-bits for the first alone: give "
      "one folder twice to see what an 8-bit head costs.");
  command->callback([a, &common] { run(*a, common); });
}

}  // namespace quantrial

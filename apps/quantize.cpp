// quantrial quantize: one checkpoint by one recipe.
#include <cstdio>
#include <memory>

#include "apps/commands.h"
#include "apps/data_folder.h"
#include "apps/interrupt.h"
#include "apps/progress.h"
#include "base/interrupted.h"
#include "base/process_memory.h"
#include "quantize/memory_estimate.h"
#include "quantize/plan_table.h"
#include "quantize/quantizer.h"
#include "quantize/time_estimate.h"

namespace quantrial {
namespace {

struct QuantizeOptions {
  std::string model, recipe, out, calibration;
  std::vector<std::string> settings;
  bool dry_run = false, resume = false;
};

class Watcher final : public QuantizeObserver {
 public:
  explicit Watcher(const CommonOptions& common) : quiet_(common.quiet) {}
  void progress(double done, const std::string& what) override {
    if (guard_.interrupted()) {
      throw Interrupted("interrupted; what is finished is kept, continue with --resume");
    }
    if (!quiet_) line_.show(done, what);
  }
  void line(const std::string& text) override {
    if (!quiet_) line_.print(text);
  }

 private:
  InterruptGuard guard_;
  bool quiet_;
  ProgressLine line_{"quantize"};
};

void show_plan(const QuantizeOptions& options, const CommonOptions& common) {
  const Recipe recipe = read_recipe(recipe_path(options.recipe), options.settings);
  const Checkpoint base(options.model);
  const Plan plan = make_plan(base, recipe);
  fmt::print("{}", plan_table(plan));
  const MemoryEstimate memory = estimate_memory(plan, available_memory_bytes());
  ThreadPool pool(common.threads);
  const double seconds = estimate_seconds(work_of(plan), measure_rates(recipe, pool));
  fmt::print("estimated: {} with {} threads, {:.2f} GB of memory at the peak ({})\n",
             rough_time(std::max(seconds, 1.0)), pool.size(),
             static_cast<double>(memory.bytes) * 1e-9, memory.stage);
}

void run(const QuantizeOptions& options, const CommonOptions& common) {
  QuantizeJob job;
  job.model = options.model;
  job.out = options.out;
  job.recipe = read_recipe(recipe_path(options.recipe), options.settings);
  job.calibration = {options.calibration, {}, options.model};
  if (options.calibration.empty() && job.recipe.needs_calibration()) {
    job.calibration.texts = data_path("data/calibration");
  }
  job.start = options.resume ? PartialFolder::Start::resume : PartialFolder::Start::fresh;
  ThreadPool pool(common.threads);
  Watcher watcher(common);
  quantize_checkpoint(job, pool, watcher);
}

}  // namespace

void add_quantize_command(CLI::App& app, const CommonOptions& common) {
  const auto options = std::make_shared<QuantizeOptions>();
  CLI::App* command = app.add_subcommand("quantize", "Make a quantized checkpoint by a recipe");
  command->add_option("MODEL", options->model, "Folder of the BF16 checkpoint")->required();
  command
      ->add_option("--recipe", options->recipe,
                   "A name (`quantrial list recipes`) or the path of a YAML file")
      ->required();
  CLI::Option* out =
      command->add_option("-o,--output", options->out, "Folder to write; must be absent or empty");
  command
      ->add_option("--set", options->settings,
                   "key=value: overrides a key of the recipe (iters=50, weights.group_size=32); "
                   "repeatable")
      ->allow_extra_args(false);
  command->add_option(
      "--calibration", options->calibration,
      ".txt, or .jsonl with text, messages or input_ids a line. Default: the shipped texts (chat "
      "documents of the reference model's corpus, and Alice's Adventures in Wonderland)");
  CLI::Option* dry =
      command->add_flag("--dry-run", options->dry_run,
                        "Say what each module becomes, the sizes, and about how much time and "
                        "memory it will take; write nothing");
  command->add_flag("--resume", options->resume, "Continue what an interruption left");
  command->footer(
      "Example:\n  quantrial quantize models/Qwen3.6-27B --recipe int4-autoround -o out/int4\n"
      "The folder appears when it is complete; until then finished blocks are in DIR.partial.\n"
      "Hidden states of the calibration set stay in RAM up to a quarter of what is available, else "
      "in a file there.");
  command->callback([options, out, dry, &common] {
    if (out->count() == 0 && dry->count() == 0) throw CLI::RequiredError("--output");
    options->dry_run ? show_plan(*options, common) : run(*options, common);
  });
}

}  // namespace quantrial

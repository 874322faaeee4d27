// quantrial study: one base, its variants, every measurement, one report.
#include <cstdio>
#include <memory>

#include "apps/commands.h"
#include "apps/data_folder.h"
#include "apps/eval_target.h"
#include "apps/study_folder.h"
#include "apps/study_progress.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "study/run_study.h"
#include "study/study_estimate.h"
#include "study/write_study.h"
#include "tensor/file_in_progress.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

struct StudyArguments {
  std::string file, out;
  std::optional<std::string> stage, variant;
  bool dry_run = false;
};

StudySelection selection_of(const StudyArguments& a, const Study& study) {
  StudySelection selection;
  for (size_t i = 0; i < stage_names.size(); ++i) {
    if (a.stage == stage_names[i]) selection.stage = static_cast<Stage>(i);
  }
  if (a.variant) {
    std::vector<std::string> names;
    for (const StudyVariant& v : study.variants) names.push_back(v.name);
    if (std::find(names.begin(), names.end(), *a.variant) == names.end()) {
      throw Error("--variant {}: no variant of this study; they are {}", escaped(*a.variant),
                  fmt::join(names, ", "));
    }
    selection.variant = a.variant;
  }
  return selection;
}

void run(const StudyArguments& a, const CommonOptions& common) {
  const StudyPlaces places = study_places();
  const Study study = read_study(study_file(a.file, places), places);
  const StudySelection selection = selection_of(a, study);
  ThreadPool pool(common.threads);
  if (a.dry_run) {
    fmt::print("{}", estimate_table(study, estimate_study(study, places, pool)));
    return;
  }
  const fs::path folder = a.out.empty() ? fs::path("out") / study.name : fs::path(a.out);
  const InterruptGuard guard;
  SampleStore samples(folder, Database::Access::read_write);
  const FolderLock lock(folder);
  MeasurementStore measurements(folder, Database::Access::read_write);
  StudyProgress progress(guard, common.quiet, [&] { write_report(folder); });
  write_whole_file(folder / "study.yaml", study_yaml(study));
  StudyContext context{.study = study,
                       .places = places,
                       .folder = folder,
                       .threads = common.threads,
                       .pool = pool,
                       .api_key = api_key,
                       .samples = samples,
                       .measurements = measurements,
                       .observer = progress};
  run_study(context, selection);
  write_report(folder);
  fmt::print("{}\n", (folder / "report.html").string());
}

}  // namespace

void add_study_command(CLI::App& app, const CommonOptions& common) {
  const auto a = std::make_shared<StudyArguments>();
  CLI::App* command =
      app.add_subcommand("study", "Make the variants of a model, measure them, write one report");
  command
      ->add_option("STUDY", a->file,
                   "A YAML file, or the name of a shipped study (reference, reference-full, "
                   "qwen3.6-27b, served)")
      ->required();
  command->add_option("-o,--output", a->out, "Folder of the study; without: out/NAME");
  command->add_option("--stage", a->stage, "This stage alone")
      ->check(CLI::IsMember(std::vector<std::string>(stage_names.begin(), stage_names.end())));
  command->add_option("--variant", a->variant, "This variant alone");
  command->add_flag("--dry-run", a->dry_run,
                    "Say what would be done, and about how much time, disk, memory and tokens it "
                    "takes");
  command->footer(
      "Example:\n  quantrial study reference\nRun it again to go on after an interruption; what "
      "has not changed is not done again.");
  command->callback([a, &common] { run(*a, common); });
}

}  // namespace quantrial

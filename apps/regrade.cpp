// quantrial regrade: grades the stored samples of a folder again, generating nothing.
#include "evals/regrade.h"

#include <cstdio>

#include "apps/commands.h"
#include "apps/data_folder.h"
#include "apps/eval_arguments.h"
#include "apps/eval_table.h"
#include "apps/study_folder.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "evals/graders/graders.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

struct RegradeArguments {
  std::string dir;
  std::vector<std::string> benchmarks, benchmark_files;
};

// The benchmark of a run: one of the given YAML files, or shipped.
Benchmark find_benchmark(const RunRecord& run, const RegradeArguments& a) {
  const std::string name = benchmark_of(run);
  const BenchmarkFiles files{data_path("benchmarks"), supplied_files(a.benchmark_files)};
  for (const std::string& yaml : a.benchmarks) {
    if (fs::path(yaml).stem() == name) return read_benchmark(yaml, files);
  }
  if (!fs::exists(files.folder / (name + ".yaml"))) {
    throw Error("{}: its samples are here, its questions are not; give --benchmark {}.yaml",
                escaped(run.benchmark), escaped(name));
  }
  return read_benchmark(name, files);
}

// False: samples are left that could not be graded.
bool regrade_run(SampleStore& store, const RunRecord& run, const RegradeArguments& a,
                 ThreadPool& pool) {
  const Benchmark benchmark = find_benchmark(run, a);
  const auto grader = make_grader(benchmark.grading, benchmark.name);
  if (const auto obstacle = grader->obstacle(benchmark.questions)) {
    throw Error("{}: not graded: {}", run.benchmark, *obstacle);
  }
  const RegradeCounts counts = regrade(store, run, benchmark, *grader, pool);
  fmt::print(stderr, "{}, {}: {} answers graded ({}), {} verdicts changed\n", run.variant,
             run.benchmark, counts.graded, grader->version(), counts.changed);
  if (counts.sandbox_errors == 0) return true;
  fmt::print(stderr, "{}: {} could not be graded ({})\n", run.benchmark, counts.sandbox_errors,
             escaped(counts.last_error, 300));
  return false;
}

void run_regrade(const RegradeArguments& a, const CommonOptions& common) {
  if (!fs::is_regular_file(fs::path(a.dir) / "samples.sqlite")) {
    throw Error("{}: no samples.sqlite there; give the folder of eval -o", escaped(a.dir, 400));
  }
  const FolderLock lock(a.dir);
  SampleStore store(a.dir, Database::Access::read_write);
  ThreadPool pool(common.threads);
  std::exception_ptr failure;
  bool whole = true;
  for (const RunRecord& run : store.runs()) {
    try {
      whole = regrade_run(store, run, a, pool) && whole;
    } catch (const Error&) {  // the other benchmarks go on
      if (!failure) failure = std::current_exception();
    }
  }
  const nlohmann::ordered_json results = write_report(a.dir);
  if (failure) std::rethrow_exception(failure);
  for (const auto& [variant, figures] : results.at("variants").items()) {
    if (!figures.contains("benchmarks")) continue;  // a study's variant that failed
    fmt::print("{}\n", variant);
    print_eval_table(figures);
  }
  if (!whole) throw Error("regrade: some answers could not be graded; run it again for them");
}

}  // namespace

void add_regrade_command(CLI::App& app, const CommonOptions& common) {
  const auto a = std::make_shared<RegradeArguments>();
  CLI::App* command =
      app.add_subcommand("regrade", "Grade stored samples again, generating nothing");
  command->add_option("DIR", a->dir, "Folder with samples.sqlite (eval -o)")->required();
  command->add_option("--benchmark", a->benchmarks, "YAML files of benchmarks that are not shipped")
      ->delimiter(',');
  command
      ->add_option("--benchmark-file", a->benchmark_files,
                   "NAME=FILE: the questions of a set that is not shipped")
      ->allow_extra_args(false);
  command->footer("Example:\n  quantrial regrade out/nvfp4");
  command->callback([a, &common] { run_regrade(*a, common); });
}

}  // namespace quantrial

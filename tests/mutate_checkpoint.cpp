// mutate_checkpoint FOLDER [--count N] [--first I] [--seed S] [--stride BYTES] [--reading]:
// truncates every file of a small checkpoint at every stride-th byte, then applies N random
// mutations, in this process. Prints what it counted; a crash ends it, and the last line on
// standard error names the mutation. To be run by hand in the asan preset.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "base/error.h"
#include "tests/mutation.h"

namespace quantrial::mutation {
namespace {

struct Options {
  std::string folder;
  uint64_t count = 1000, first = 0, seed = 1, stride = 0;
  bool reading = false;
};

class Run {
 public:
  explicit Run(const Options& options) : options_(options), patient_(options.folder) {}

  void truncate() {
    if (options_.stride == 0) return;
    for (const auto& [file, bytes] : patient_.files()) {
      for (uint64_t keep = bytes.size(); keep >= options_.stride;) {
        keep -= options_.stride;
        patient_.truncate(file, keep);
        open(fmt::format("{} cut to {} bytes", file, keep));
      }
      patient_.restore();
    }
  }
  void mutate() {
    for (uint64_t i = options_.first; i < options_.first + options_.count; ++i) {
      const std::string damage = patient_.mutate(Choice(options_.seed, i));
      open(fmt::format("mutation {} of seed {}: {}", i, options_.seed, damage));
      patient_.restore();
    }
  }
  void report() const {
    std::printf("%lu opened, %lu refused, %lu in all; slowest %.2f s\n", opened_, refused_,
                opened_ + refused_, slowest_);
  }

 private:
  void open(const std::string& damage) {
    std::fprintf(stderr, "%s\n", damage.c_str());
    const auto start = std::chrono::steady_clock::now();
    const std::string message =
        exercise(patient_.dir(), options_.reading ? Depth::reading : Depth::model);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    slowest_ = std::max(slowest_, seconds.count());
    require(message.find('\n') == std::string::npos, "an error message of several lines");
    (message.empty() ? opened_ : refused_) += 1;
  }

  Options options_;
  Patient patient_;
  uint64_t opened_ = 0, refused_ = 0;
  double slowest_ = 0;
};

}  // namespace
}  // namespace quantrial::mutation

int main(int argc, char** argv) {
  using namespace quantrial::mutation;
  CLI::App app("Damages a checkpoint and opens it: success or Error, never a crash");
  Options options;
  app.add_option("FOLDER", options.folder)->required();
  app.add_option("--count", options.count, "Random mutations")->capture_default_str();
  app.add_option("--first", options.first, "Number of the first one")->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--stride", options.stride, "Also truncate at every STRIDE-th byte; 0: do not");
  app.add_flag("--reading", options.reading, "Read every tensor, but do not load the model");
  CLI11_PARSE(app, argc, argv);
  Run run(options);
  run.truncate();
  run.mutate();
  run.report();
}

// The command line: parses, runs one command, turns an Error into one line and exit code 1.
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

#include "apps/commands.h"
#include "base/error.h"
#include "base/version.h"
#include "ops/cpu/kernels.h"

namespace {

// What was printed may still sit in a buffer, or have been refused: a full disk, a closed pipe.
void check_standard_output() {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout) {
    throw quantrial::Error("cannot write to standard output; free space or redirect it elsewhere");
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace quantrial;
  CLI::App app("quantrial: what did quantization cost this model, what did it buy, and why?");
  app.require_subcommand(1);
  app.set_version_flag("--version", [] {
    return fmt::format("quantrial {}, commit {}\nbackends: cpu\ninstruction set: {}", version,
                       commit, kernels::instruction_set());
  });
  app.fallthrough();
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a failed write, not a signal
  CommonOptions common;
  app.add_option("--backend", common.backend, "Where to compute")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--threads", common.threads, "Threads to use; 0: one per available core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("--pin", common.pin, "Keep each thread that runs a model on one core");
  app.add_flag("-v,--verbose", common.verbose, "Say more");
  app.add_flag("--quiet", common.quiet, "Say nothing but results and errors");
  add_study_command(app, common);
  add_report_command(app, common);
  add_init_command(app, common);
  add_inspect_command(app, common);
  add_list_command(app, common);
  add_quantize_command(app, common);
  add_dequantize_command(app, common);
  add_verify_command(app, common);
  add_repair_command(app, common);
  add_tokenize_command(app, common);
  add_generate_command(app, common);
  add_logits_command(app, common);
  add_eval_command(app, common);
  add_regrade_command(app, common);
  add_bench_command(app, common);
  add_fidelity_command(app, common);

  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // --help and --version too
      if (app.exit(error) != 0) return 2;
    }
    check_standard_output();
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "quantrial: error: %s\n", error.what());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "quantrial: error: out of memory; use a smaller context or batch\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "quantrial: error: %s\n", escaped(error.what(), 400).c_str());
  }
  return 1;
}

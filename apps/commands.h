// One function per command: it declares the command's options on `app` and what to run.
// A command reports trouble by throwing Error; main() turns that into one line and exit code 1.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace quantrial {

// Options that every command takes.
struct CommonOptions {
  std::string backend = "auto";  // auto | cpu | cuda
  int threads = 0;               // 0: one per available core
  bool pin = false;              // each thread of a model stays on one core
  bool verbose = false;
  bool quiet = false;
};

void add_inspect_command(CLI::App& app, const CommonOptions& common);
void add_dequantize_command(CLI::App& app, const CommonOptions& common);
void add_verify_command(CLI::App& app, const CommonOptions& common);
void add_repair_command(CLI::App& app, const CommonOptions& common);
void add_list_command(CLI::App& app, const CommonOptions& common);
void add_quantize_command(CLI::App& app, const CommonOptions& common);
void add_tokenize_command(CLI::App& app, const CommonOptions& common);
void add_generate_command(CLI::App& app, const CommonOptions& common);
void add_logits_command(CLI::App& app, const CommonOptions& common);
void add_eval_command(CLI::App& app, const CommonOptions& common);
void add_regrade_command(CLI::App& app, const CommonOptions& common);
void add_bench_command(CLI::App& app, const CommonOptions& common);
void add_fidelity_command(CLI::App& app, const CommonOptions& common);
void add_study_command(CLI::App& app, const CommonOptions& common);
void add_init_command(CLI::App& app, const CommonOptions& common);
void add_report_command(CLI::App& app, const CommonOptions& common);

}  // namespace quantrial

// quantrial verify: opens a checkpoint as the engines would.
#include "quantize/verify.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "apps/commands.h"
#include "base/error.h"
#include "base/name_list.h"

namespace quantrial {
namespace {

struct VerifyCommand {
  std::string dir, base;
};

void print_finding(const Finding& finding) {
  const std::string modules = name_list(finding.modules);
  const bool is_error = finding.severity == Finding::Severity::error;
  fmt::print("{}: {}: {}{}{}\n", is_error ? "error" : "warning", finding.kind, modules,
             modules.empty() ? "" : ": ", finding.detail);
}

void print_errors(std::vector<ModuleError> errors) {
  if (errors.empty()) return;
  std::stable_sort(errors.begin(), errors.end(),
                   [](const auto& a, const auto& b) { return a.error > b.error; });
  fmt::print("{:>12}  {:<10} module (largest first)\n", "error", "format");
  for (const ModuleError& e : errors) {
    fmt::print("{:>12.5g}  {:<10} {}\n", e.error, e.format, escaped(e.module));
  }
}

std::string counted(int64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void run(const VerifyCommand& command, const CommonOptions& common) {
  ThreadPool pool(common.threads);
  VerifyOptions options;
  if (!command.base.empty()) options.base = command.base;
  const Verification result = verify(command.dir, options, pool);
  if (result.smoothing_undone) {
    fmt::print("AWQ's factors on norms and up_proj are taken back before the comparison\n");
  }
  print_errors(result.module_errors);
  for (const Finding& finding : result.findings) print_finding(finding);
  const auto errors =
      std::count_if(result.findings.begin(), result.findings.end(),
                    [](const Finding& f) { return f.severity == Finding::Severity::error; });
  const auto warnings = static_cast<int64_t>(result.findings.size()) - errors;
  fmt::print("{} matrices, {} quantized: {}, {}\n", result.matrices, result.quantized,
             counted(errors, "error"), counted(warnings, "warning"));
  if (!result.passed()) {
    throw Error("{}: {} found; the lines above say where and what to do", escaped(command.dir),
                counted(errors, "error"));
  }
}

}  // namespace

void add_verify_command(CLI::App& app, const CommonOptions& common) {
  const auto options = std::make_shared<VerifyCommand>();
  CLI::App* command = app.add_subcommand(
      "verify", "Open a checkpoint as the engines would and say what they would trip over");
  command->add_option("DIR", options->dir, "Folder of the checkpoint")->required();
  command->add_option("--base", options->base,
                      "Folder of the unquantized model: error per module, what was lost");
  command->footer("Example:\n  quantrial verify out/nvfp4 --base models/Qwen3.6-27B");
  command->callback([options, &common] { run(*options, common); });
}

}  // namespace quantrial

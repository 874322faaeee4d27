// quantrial repair: one second-level scale in each fused module of an NVFP4 checkpoint.
#include "formats/repair.h"

#include <cstdio>
#include <memory>

#include "apps/commands.h"
#include "base/error.h"

namespace quantrial {
namespace {

struct RepairOptions {
  std::string dir, out;
};

void run(const RepairOptions& options, const CommonOptions& common) {
  const auto groups = repair_folder(options.dir, options.out, [](int64_t, int64_t) {});
  if (common.quiet) return;
  for (const RepairedGroup& group : groups) {
    fmt::print("{}: divisors differed by {:.4g}\n",
               escaped(fmt::format("{}", fmt::join(group.modules, ", ")), 400), group.ratio);
  }
  fmt::print("{} fused modules repaired; codes untouched\n", groups.size());
}

}  // namespace

void add_repair_command(CLI::App& app, const CommonOptions& common) {
  const auto options = std::make_shared<RepairOptions>();
  CLI::App* command =
      app.add_subcommand("repair", "Make NVFP4 scales equal inside the modules that engines fuse");
  command->add_option("DIR", options->dir, "Folder of the NVFP4 checkpoint")->required();
  command->add_option("-o,--output", options->out, "Folder to write; must be absent or empty")
      ->required();
  command->footer("Example:\n  quantrial repair models/Qwen3.6-27B-NVFP4 -o out/repaired");
  command->callback([options, &common] { run(*options, common); });
}

}  // namespace quantrial

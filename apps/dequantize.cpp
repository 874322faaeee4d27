// quantrial dequantize: a checkpoint back to BF16.
#include "formats/dequantize.h"

#include <memory>

#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/progress.h"
#include "base/error.h"

namespace quantrial {
namespace {

struct DequantizeOptions {
  std::string model, out;
};

}  // namespace

void add_dequantize_command(CLI::App& app, const CommonOptions& common) {
  const auto options = std::make_shared<DequantizeOptions>();
  CLI::App* command = app.add_subcommand("dequantize", "Write a quantized checkpoint back as BF16");
  command->add_option("DIR", options->model, "Folder of the quantized checkpoint")->required();
  command->add_option("-o,--output", options->out, "Folder to write; must be absent or empty")
      ->required();
  command->footer("Example:\n  quantrial dequantize models/Qwen3.6-27B-NVFP4 -o out/bf16");
  command->callback([options, &common] {
    ThreadPool pool(common.threads);
    ProgressLine line("dequantize");
    const InterruptGuard guard;
    dequantize_folder(options->model, options->out, pool, [&](int64_t bytes, int64_t total_bytes) {
      if (guard.interrupted()) throw Error("dequantize: interrupted; nothing was written");
      if (common.quiet) return;
      const double done = static_cast<double>(bytes) / static_cast<double>(total_bytes);
      line.show(done, fmt::format("{:.1f} of {:.1f} MB", static_cast<double>(bytes) * 1e-6,
                                  static_cast<double>(total_bytes) * 1e-6));
    });
  });
}

}  // namespace quantrial

// quantrial dequantize: a checkpoint back to BF16.
#include "formats/dequantize.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "apps/commands.h"
#include "apps/interrupt.h"
#include "base/error.h"

namespace quantrial {
namespace {

struct DequantizeOptions {
  std::string model, out;
};

// One line with rate and time left: rewritten on a terminal, a new one every 10 s elsewhere.
class ProgressLine {
 public:
  void show(int64_t bytes, int64_t total_bytes) {
    const std::chrono::duration<double> elapsed = Clock::now() - start_;
    const std::chrono::duration<double> silent = Clock::now() - shown_;
    const bool done = bytes == total_bytes;
    if (!done && silent.count() < (terminal_ ? 0.1 : 10.0)) return;
    shown_ = Clock::now();
    const double rate = static_cast<double>(bytes) / std::max(elapsed.count(), 1e-9);
    std::fprintf(
        stderr, "%sdequantize: %.1f of %.1f MB, %.0f MB/s, %.0f s left%s", terminal_ ? "\r" : "",
        static_cast<double>(bytes) * 1e-6, static_cast<double>(total_bytes) * 1e-6, rate * 1e-6,
        static_cast<double>(total_bytes - bytes) / rate, terminal_ && !done ? "   " : "\n");
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
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
    ProgressLine line;
    const InterruptGuard guard;
    dequantize_folder(options->model, options->out, pool, [&](int64_t bytes, int64_t total_bytes) {
      if (guard.interrupted()) throw Error("dequantize: interrupted; nothing was written");
      if (!common.quiet) line.show(bytes, total_bytes);
    });
  });
}

}  // namespace quantrial

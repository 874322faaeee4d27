// quantrial dequantize: a checkpoint back to BF16.
#include "formats/dequantize.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "apps/commands.h"

namespace quantrial {
namespace {

struct DequantizeOptions {
  std::string model, out;
};

// One line with rate and time left: rewritten on a terminal, a new one every 10 % elsewhere.
class ProgressLine {
 public:
  void show(int64_t bytes, int64_t total_bytes) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
    const double share = static_cast<double>(bytes) / static_cast<double>(total_bytes);
    const int tenth = static_cast<int>(share * 10);
    const bool done = bytes == total_bytes;
    if (!terminal_ && tenth == last_tenth_ && !done) return;
    last_tenth_ = tenth;
    const double rate = static_cast<double>(bytes) / std::max(seconds.count(), 1e-9);
    std::fprintf(
        stderr, "%sdequantize: %.2f of %.2f GB, %.0f MB/s, %.0f s left%s", terminal_ ? "\r" : "",
        static_cast<double>(bytes) * 1e-9, static_cast<double>(total_bytes) * 1e-9, rate * 1e-6,
        static_cast<double>(total_bytes - bytes) / rate, terminal_ && !done ? "   " : "\n");
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  int last_tenth_ = -1;
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
    dequantize_folder(options->model, options->out, pool, [&](int64_t bytes, int64_t total_bytes) {
      if (!common.quiet) line.show(bytes, total_bytes);
    });
  });
}

}  // namespace quantrial

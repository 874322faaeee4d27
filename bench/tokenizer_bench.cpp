// tokenizer_bench [FOLDER [TEXT]]: MB of text a second that the tokenizer of FOLDER encodes on one
// core. Without arguments a real Qwen vocabulary and "Alice's Adventures in Wonderland".
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/error.h"
#include "base/mapped_file.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

struct Encoded {
  double seconds = 0;
  size_t tokens = 0;
};

Encoded encode(const Tokenizer& tokenizer, const std::string& text) {
  const auto start = std::chrono::steady_clock::now();
  const size_t tokens = tokenizer.encode(text).size();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), tokens};
}

void run(const std::string& folder, const std::string& file) {
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const std::string text = read_text_file(file);
  const Encoded first = encode(tokenizer, text);
  std::vector<double> times;
  for (int i = 0; i < 21; ++i) times.push_back(encode(tokenizer, text).seconds);
  std::sort(times.begin(), times.end());
  const double megabytes = static_cast<double>(text.size()) * 1e-6;
  std::printf("%s: %.3f MB, %.2f bytes a token; %.1f MB/s (median of 21; first %.1f, best %.1f)\n",
              file.c_str(), megabytes,
              static_cast<double>(text.size()) / static_cast<double>(first.tokens),
              megabytes / times[10], megabytes / first.seconds, megabytes / times[0]);
}

}  // namespace
}  // namespace quantrial

int main(int argc, char** argv) {
  try {
    quantrial::run(argc > 1 ? argv[1] : QUANTRIAL_ORACLES "/qwen3",
                   argc > 2 ? argv[2] : QUANTRIAL_SOURCE "/data/calibration/alice.txt");
  } catch (const quantrial::Error& error) {
    std::fprintf(stderr, "tokenizer_bench: error: %s\n", error.what());
    return 1;
  }
}

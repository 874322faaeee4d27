// Block error of the algorithms on the yardstick, beside the reference tools' figures.
//   quantizer_yardstick DIR [ALGORITHM ...] [--format F] [--seeds N]
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/mapped_file.h"
#include "quantize/auto_round.h"
#include "quantize/awq.h"
#include "quantize/gptq.h"
#include "quantize/rounded_block.h"
#include "tests/yardstick.h"

namespace quantrial {
namespace {

struct Format {
  std::string name, tool;  // as results.json ends
  YardstickFormat kind;
};

const std::vector<Format> formats = {
    {"int4 g128 signed", "int4g128", YardstickFormat::int4_g128_signed},
    {"int4 g128", "int4g128", YardstickFormat::int4_g128},
    {"int4 g32 asym", "int4g32a", YardstickFormat::int4_g32},
    {"nvfp4", "nvfp4", YardstickFormat::nvfp4},
    {"nvfp4 w4a4", "nvfp4", YardstickFormat::nvfp4_w4a4},
};

class RoundToNearest : public Algorithm {
 public:
  BlockResult quantize(const BlockTask& task) override { return rounded_to_nearest(task).result(); }
};

// The algorithms with our parameters, and with those of the reference tools.
std::unique_ptr<Algorithm> make(const std::string& name, int64_t iters) {
  using Scales = GptqParameters::Scales;
  if (name == "rtn") return std::make_unique<RoundToNearest>();
  if (name == "gptq") return std::make_unique<Gptq>(GptqParameters{});
  if (name == "gptq-plain") {
    return std::make_unique<Gptq>(
        GptqParameters{.feedback = {.shrinkage = FeedbackParameters::Shrinkage::none},
                       .scales = Scales::fitted,
                       .passes = 0});
  }
  if (name == "awq") return std::make_unique<Awq>(AwqParameters{});
  if (name == "awq-plain") return std::make_unique<Awq>(AwqParameters{.scales = Scales::fitted});
  if (name == "autoround") return std::make_unique<AutoRound>(AutoRoundParameters{.iters = iters});
  throw Error("algorithm \"{}\": expected rtn, gptq, gptq-plain, awq, awq-plain or autoround",
              name);
}

// What the reference tool of the same name has.
std::string tool_of(const std::string& name) {
  if (name == "rtn") return "rtn_";
  if (name.starts_with("gptq")) return "gptq_static_";
  return name.starts_with("awq") ? "awq_" : "autoround_";
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_row(const std::string& name, const Format& format,
               const std::vector<YardstickResult>& results, const nlohmann::json& tools) {
  const auto of = [&](double YardstickResult::*figure) {
    std::vector<double> values;
    for (const YardstickResult& result : results) values.push_back(result.*figure);
    return median(values);
  };
  // Of a tool that was not run on this block there are no figures.
  const nlohmann::json tool = tools.value(tool_of(name) + format.tool, nlohmann::json::object());
  const auto figure = [&](const char* key, int digits) {
    return tool.contains(key) ? fmt::format("{:.{}f}", tool.at(key).get<double>(), digits) : "-";
  };
  fmt::print("{:11} {:17} {:.4f} {:.4f} ({} {})", name, format.name,
             of(&YardstickResult::calibration), of(&YardstickResult::held_out),
             figure("block_calib", 4), figure("block_heldout", 4));
  if (of(&YardstickResult::held_out_w4a4) > 0) {
    fmt::print(" w4a4 {:.4f} {:.4f} ({} {})", of(&YardstickResult::calibration_w4a4),
               of(&YardstickResult::held_out_w4a4), figure("block_calib_w4a4", 4),
               figure("block_heldout_w4a4", 4));
  }
  fmt::print("  {:.1f} s ({})\n", of(&YardstickResult::seconds), figure("seconds", 0));
  std::fflush(stdout);
}

int run(int count, char** arguments) {
  std::string dir, format_name;
  std::vector<std::string> algorithms;
  uint64_t seeds = 3;
  int64_t iters = AutoRoundParameters{}.iters;
  int threads = 0;
  CLI::App app("Block error on the yardstick: calibration, held out (the reference tool's)");
  app.add_option("dir", dir, "the yardstick, unpacked")->required();
  app.add_option("algorithms", algorithms);
  app.add_option("--format", format_name, "only formats that begin so");
  app.add_option("--seeds", seeds, "seeds to take the median of");
  app.add_option("--iters", iters, "of AutoRound");
  app.add_option("--threads", threads);
  CLI11_PARSE(app, count, arguments);
  if (algorithms.empty()) algorithms = {"gptq", "awq", "autoround"};
  const nlohmann::json tools =
      nlohmann::json::parse(read_text_file(std::filesystem::path(dir) / "results.json"));
  ThreadPool pool(threads);
  Yardstick yardstick(dir, pool);
  for (const std::string& name : algorithms) {
    for (const Format& format : formats) {
      if (!format.name.starts_with(format_name)) continue;
      std::vector<YardstickResult> results;
      for (uint64_t seed = 1; seed <= (name == "autoround" ? seeds : 1); ++seed) {
        results.push_back(yardstick.run(*make(name, iters), format.kind, seed));
      }
      print_row(name, format, results, tools);
    }
  }
  return 0;
}

}  // namespace
}  // namespace quantrial

int main(int count, char** arguments) {
  try {
    return quantrial::run(count, arguments);
  } catch (const quantrial::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

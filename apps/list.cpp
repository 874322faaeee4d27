// quantrial list: the recipes, benchmarks, studies and formats there are.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "apps/commands.h"
#include "apps/data_folder.h"
#include "base/error.h"
#include "evals/benchmark.h"
#include "quantize/recipe.h"

namespace quantrial {
namespace {

void list_recipes() {
  for (const std::string& name : recipe_names()) {
    const Recipe recipe = read_recipe(recipe_path(name));
    std::printf("%-24s %s\n", name.c_str(), escaped(recipe.description, 400).c_str());
  }
}

void print_benchmarks() {
  for (const BenchmarkSummary& b : list_benchmarks(data_path("benchmarks"))) {
    std::string note = b.licence;
    if (!b.members.empty()) note = fmt::format("set of {}", fmt::join(b.members, ", "));
    if (b.supplied_by_user) note += "; give its questions with --benchmark-file";
    fmt::print("{:<24} {} ({})\n", b.name, escaped(b.title, 400), escaped(note, 400));
  }
}

void list_studies() {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(data_path("studies"))) {
    files.insert(entry.path());
  }
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path);
    std::string first;
    std::getline(file, first);  // what it is, as a comment
    fmt::print("{:<24} {}\n", path.stem().string(), escaped(first.substr(2), 400));
  }
}

void list_formats() {
  struct Row {
    const char *weights, *containers;
  };
  constexpr Row rows[] = {
      {"int 4 bits, groups, symmetric", "auto-round, compressed-tensors; reads GPTQ and AWQ too"},
      {"int 4 bits, groups, asymmetric", "compressed-tensors; reads AWQ and GPTQ too"},
      {"fp8 in 128x128 blocks", "fp8 (Hugging Face), compressed-tensors; reads ModelOpt too"},
      {"nvfp4", "compressed-tensors, auto-round; reads ModelOpt too"},
      {"bf16", "all"},
  };
  for (const Row& row : rows) std::printf("%-32s %s\n", row.weights, row.containers);
}

}  // namespace

void add_list_command(CLI::App& app, const CommonOptions&) {
  const auto what = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("list", "Say what recipes, benchmarks, studies or formats there are");
  command->add_option("WHAT", *what, "recipes | benchmarks | studies | formats")
      ->required()
      ->check(CLI::IsMember({"recipes", "benchmarks", "studies", "formats"}));
  command->footer("Example:\n  quantrial list recipes");
  command->callback([what] {
    if (*what == "recipes") list_recipes();
    if (*what == "benchmarks") print_benchmarks();
    if (*what == "studies") list_studies();
    if (*what == "formats") list_formats();
  });
}

}  // namespace quantrial

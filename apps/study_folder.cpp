#include "apps/study_folder.h"

#include <cstdlib>

#include "apps/data_folder.h"
#include "base/error.h"
#include "report/report.h"
#include "study/study_results.h"
#include "tensor/file_in_progress.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// As huggingface_hub looks for its cache.
std::vector<fs::path> hub_caches() {
  std::vector<fs::path> caches;
  const auto add = [&](const char* variable, const char* below) {
    const char* const value = std::getenv(variable);
    if (value != nullptr && *value != 0) caches.push_back(fs::path(value) / below);
  };
  add("HF_HUB_CACHE", "");
  add("HF_HOME", "hub");
  add("HOME", ".cache/huggingface/hub");
  return caches;
}

}  // namespace

nlohmann::ordered_json write_report(const fs::path& folder) {
  if (!fs::is_regular_file(folder / "samples.sqlite")) {
    throw Error("{}: no samples.sqlite; give the folder of a study or an evaluation",
                escaped(folder.string(), 400));
  }
  nlohmann::ordered_json results;
  {
    const SampleStore samples(folder, Database::Access::read_only);
    const MeasurementStore measurements(folder, Database::Access::read_only);
    results = study_results(samples, measurements);
  }
  write_whole_file(folder / "results.json", results.dump(1, ' ', false) + "\n");
  const Report report = render_report(results);
  write_whole_file(folder / "report.html", report.html);
  write_whole_file(folder / "report.md", report.markdown);
  fs::create_directories(folder / "csv");
  for (const auto& [name, text] : report.csv) write_whole_file(folder / "csv" / name, text);
  return results;
}

StudyPlaces study_places() {
  const fs::path data = data_path("data");
  return {.recipes = data_path("recipes"),
          .benchmarks = data_path("benchmarks"),
          .studies = data_path("studies"),
          .calibration = data / "calibration",
          .held_out = data / "held-out",
          .shipped = data_path("models").parent_path(),
          .hub_caches = hub_caches()};
}

}  // namespace quantrial

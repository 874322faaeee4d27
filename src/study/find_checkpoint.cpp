#include "study/find_checkpoint.h"

#include "base/error.h"

namespace quantrial {

namespace fs = std::filesystem;

fs::path find_checkpoint(const std::string& name, const StudyPlaces& places) {
  if (fs::is_directory(name)) return name;
  if (fs::is_directory(places.shipped / name)) return places.shipped / name;
  std::string folder = "models--" + name;
  for (size_t slash = folder.find('/'); slash != std::string::npos; slash = folder.find('/')) {
    folder.replace(slash, 1, "--");
  }
  std::string tried;
  for (const fs::path& cache : places.hub_caches) {
    std::error_code none;
    fs::path newest;
    for (const auto& snapshot : fs::directory_iterator(cache / folder / "snapshots", none)) {
      if (newest.empty() || fs::last_write_time(snapshot) > fs::last_write_time(newest)) {
        newest = snapshot.path();
      }
    }
    if (!newest.empty()) return newest;
    tried += " or " + escaped(cache.string(), 400);
  }
  throw Error("{}: no such folder{}; give a folder with config.json, or download the model",
              escaped(name), tried.empty() ? "" : ", nor in the hub's cache" + tried.substr(3));
}

}  // namespace quantrial

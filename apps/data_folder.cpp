#include "apps/data_folder.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "tensor/json.h"

namespace quantrial {

namespace fs = std::filesystem;

fs::path data_path(const std::string& what) {
  std::vector<fs::path> places;
  if (const char* folder = std::getenv("QUANTRIAL_DATA"); folder != nullptr && *folder != 0) {
    places.emplace_back(folder);
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    places.push_back(program.parent_path());
    places.push_back(program.parent_path().parent_path() / "share/quantrial");
  }
  std::string tried;
  for (const fs::path& place : places) {
    if (fs::is_directory(place / what, error)) return place / what;
    tried += (tried.empty() ? "" : ", ") + shown(place);
  }
  throw Error("{}: not found in {}; set QUANTRIAL_DATA to the folder that holds it", what, tried);
}

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_path("recipes"), error)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path recipe_path(const std::string& name_or_file) {
  const fs::path path = name_or_file;
  const bool is_path = path.has_parent_path() || path.extension() == ".yaml";
  if (is_path) return path;
  const fs::path file = data_path("recipes") / (name_or_file + ".yaml");
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw Error("--recipe: {}; there are {}; or give the path of a YAML file",
                escaped(name_or_file), fmt::join(recipe_names(), ", "));
  }
  return file;
}

}  // namespace quantrial

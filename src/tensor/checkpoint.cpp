#include "tensor/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// weight_map of the index: tensor name -> file name.
using WeightMap = std::map<std::string, std::string>;

// A file name of the index must stay inside the folder.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

WeightMap read_index(const fs::path& path) {
  const Json json = read_json_object(path);
  const JsonObject map = JsonObject(json, shown(path)).object("weight_map");
  WeightMap weight_map;
  if (map.json().empty()) {
    throw Error("{}: weight_map: empty; write the index again or remove it", shown(path));
  }
  for (const auto& [tensor, value] : map.json().items()) {
    const std::string file = map.text(tensor);
    if (!is_plain_name(file)) map.fail(tensor, "the plain name of a file in the same folder");
    weight_map[tensor] = file;
  }
  return weight_map;
}

std::vector<fs::path> safetensors_files(const fs::path& dir) {
  if (is_present(dir / "model.safetensors")) return {dir / "model.safetensors"};
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    if (entry.path().extension() == ".safetensors") paths.push_back(entry.path());
  }
  if (error) throw Error("cannot list {}: {}", shown(dir), error.message());
  std::sort(paths.begin(), paths.end());
  if (paths.empty()) {
    throw Error("{}: no *.safetensors file; give the folder of a Hugging Face checkpoint",
                shown(dir));
  }
  return paths;
}

std::vector<fs::path> files_of(const WeightMap& weight_map, const fs::path& dir) {
  std::set<std::string> names;
  for (const auto& [tensor, file] : weight_map) names.insert(file);
  std::vector<fs::path> paths;
  for (const std::string& name : names) {
    if (!is_present(dir / name)) {
      throw Error("{}: missing, but model.safetensors.index.json names it; download it",
                  shown(dir / name));
    }
    paths.push_back(dir / name);
  }
  return paths;
}

}  // namespace

Checkpoint::Checkpoint(const fs::path& dir) : dir_(dir) {
  std::error_code error;
  if (!fs::is_directory(dir, error)) {
    throw Error("{}: not a folder; give the folder of a Hugging Face checkpoint", shown(dir));
  }
  const fs::path index = dir / "model.safetensors.index.json";
  const WeightMap weight_map = is_present(index) ? read_index(index) : WeightMap{};
  for (const auto& path : weight_map.empty() ? safetensors_files(dir) : files_of(weight_map, dir)) {
    files_.emplace_back(path);
  }
  for (const SafetensorsFile& file : files_) {
    for (const StoredTensor& tensor : file.tensors()) {
      const auto [at, is_new] = by_name_.emplace(tensor.name, &tensor);
      if (!is_new) {
        throw Error("{}: tensor {} is also in {}; remove one of the two", shown(file.path()),
                    escaped(tensor.name), shown(at->second->file->path().filename()));
      }
    }
  }
  for (const auto& [name, file] : weight_map) {
    const StoredTensor* tensor = find(name);
    if (tensor == nullptr || tensor->file->path().filename() != file) {
      throw Error("{}: tensor {} is not in {}, where the index puts it; repair the index",
                  shown(index), escaped(name), escaped(file));
    }
  }
}

const StoredTensor* Checkpoint::find(const std::string& name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second;
}

const StoredTensor& Checkpoint::at(const std::string& name) const {
  const StoredTensor* tensor = find(name);
  if (tensor == nullptr) {
    throw Error("{}: tensor {} is absent; the checkpoint is incomplete or of another architecture",
                shown(dir_), escaped(name));
  }
  return *tensor;
}

}  // namespace quantrial

// The tensors of a model folder: one safetensors file or several with an index.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensor/safetensors.h"
#include "tensor/safetensors_writer.h"

namespace quantrial {

// All tensors of a folder, by name. Opening touches the headers alone.
class Checkpoint {
 public:
  // `dir` holds model.safetensors.index.json and the files it names (a file without a place in the
  // index is not read, as in transformers and vLLM), else model.safetensors, else *.safetensors.
  // Tensors of a named file that the index does not list are accepted, as both loaders do. Throws
  // Error when the index names a tensor that its file lacks, or two files hold one name.
  explicit Checkpoint(const std::filesystem::path& dir);
  const std::filesystem::path& dir() const { return dir_; }
  const StoredTensor* find(const std::string& name) const;  // nullptr when absent
  const StoredTensor& at(const std::string& name) const;    // Error when absent
  const std::map<std::string, const StoredTensor*>& tensors() const { return by_name_; }
  const std::vector<SafetensorsFile>& files() const { return files_; }

 private:
  std::filesystem::path dir_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, const StoredTensor*> by_name_;
};

}  // namespace quantrial

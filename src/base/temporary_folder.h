// A folder for scratch files, with a name of its own, that disappears with its object.
#pragma once

#include <filesystem>
#include <string>

namespace quantrial {

class TemporaryFolder {
 public:
  // Makes `name`-XXXXXX where the system keeps temporary files. Error: it cannot be made.
  explicit TemporaryFolder(const std::string& name = "quantrial");
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace quantrial

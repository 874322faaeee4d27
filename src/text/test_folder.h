// For tests: a folder that disappears with its object, and the files in tests/text.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"

namespace quantrial {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "quantrial-text-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "TestFolder: cannot make a folder");
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  std::filesystem::path path_;
};

// A file of tests/text (see its README.md).
inline std::string test_text(const std::string& name) {
  return read_text_file(std::filesystem::path(QUANTRIAL_SOURCE) / "tests/text" / name);
}

inline nlohmann::ordered_json test_json(const std::string& name) {
  return nlohmann::ordered_json::parse(test_text(name));
}

// What `action` throws as an Error; empty when it succeeds.
template <typename Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace quantrial

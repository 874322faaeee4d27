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
#include "base/temporary_folder.h"

namespace quantrial {

class TestFolder {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }

  void write(const std::string& name, std::string_view content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

 private:
  const TemporaryFolder folder_;
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

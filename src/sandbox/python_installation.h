// The Python 3 of the distribution and what of the file system it needs to run.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace quantrial {

struct PythonInstallation {
  std::filesystem::path program;              // no symbolic link
  std::vector<std::filesystem::path> needed;  // folders and files, to be seen under their names
};

// Absent: there is none at /usr/bin/python3 or /usr/local/bin/python3.
std::optional<PythonInstallation> find_python();

}  // namespace quantrial

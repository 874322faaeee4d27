#include "sandbox/python_installation.h"

#include <algorithm>

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// Libraries, and nothing where programs keep their data (/usr/share holds benchmarks, perhaps).
constexpr const char* libraries[] = {"/usr/lib", "/usr/lib64",       "/lib",
                                     "/lib64",   "/etc/ld.so.cache", "/usr/share/zoneinfo"};

bool is_under(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

}  // namespace

std::optional<PythonInstallation> find_python() {
  std::error_code ignored;
  for (const char* name : {"/usr/bin/python3", "/usr/local/bin/python3"}) {
    const fs::path program = fs::canonical(name, ignored);
    const fs::path prefix = program.parent_path().parent_path();
    if (program.empty() || !fs::is_directory(prefix / "lib" / program.filename(), ignored)) {
      continue;  // absent, or a script that starts another one
    }
    PythonInstallation python{program, {program}};
    for (const char* path : libraries) {
      if (fs::exists(path, ignored)) python.needed.emplace_back(path);
    }
    if (!is_under(prefix / "lib", "/usr/lib")) python.needed.push_back(prefix / "lib");
    return python;
  }
  return std::nullopt;
}

}  // namespace quantrial

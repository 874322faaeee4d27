#include "tensor/new_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "tensor/json.h"

namespace quantrial {

namespace fs = std::filesystem;

NewFolder::NewFolder(const fs::path& path) {
  std::error_code error;
  path_ = fs::absolute(path, error).lexically_normal();
  if (!path_.has_filename()) path_ = path_.parent_path();  // "out/"
  if (fs::exists(path_, error) && !(fs::is_directory(path_, error) && fs::is_empty(path_, error))) {
    throw Error("{}: exists and is not an empty folder; choose another output folder",
                shown(path_));
  }
  partial_ = path_;
  partial_ += fmt::format(".partial-{}", getpid());
  if (!fs::create_directory(partial_, error)) {
    throw Error("cannot create {}: {}; choose another output folder", shown(partial_),
                error ? error.message() : "it exists");
  }
}

NewFolder::~NewFolder() {
  std::error_code error;  // nothing more can be done about it here
  if (!committed_) fs::remove_all(partial_, error);
}

void NewFolder::commit() {
  if (const int fd = open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
    syncfs(fd);  // everything inside before the name says that it is complete
    close(fd);
  }
  std::error_code error;
  fs::rename(partial_, path_, error);  // also replaces an empty folder
  if (error) {
    throw Error("cannot rename {} to {}: {}; choose another output folder", shown(partial_),
                shown(path_), error.message());
  }
  committed_ = true;
}

}  // namespace quantrial

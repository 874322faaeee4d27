#include "tensor/new_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file_lock.h"
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
  partial_ += ".partial";
  if (!fs::create_directory(partial_, error) && error) {
    throw Error("cannot create {}: {}; choose another output folder", shown(partial_),
                error.message());
  }
  fd_ = open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const bool is_folder = fd_ >= 0;
  if (!is_folder || !lock_alone(fd_)) {
    if (is_folder) close(fd_);
    throw Error("{}: {}; choose another output folder", shown(partial_),
                is_folder ? "another run is writing it" : "exists and is no folder");
  }
  for (const auto& left : fs::directory_iterator(partial_, error)) fs::remove_all(left, error);
  if (error) {
    close(fd_);
    throw Error("cannot empty {}: {}; choose another output folder", shown(partial_),
                error.message());
  }
}

NewFolder::~NewFolder() {
  std::error_code error;  // nothing more can be done about it here
  if (!committed_) fs::remove_all(partial_, error);
  close(fd_);
}

void NewFolder::commit() {
  syncfs(fd_);  // everything inside before the name says that it is complete
  std::error_code error;
  fs::rename(partial_, path_, error);  // also replaces an empty folder
  if (error) {
    throw Error("cannot rename {} to {}: {}; choose another output folder", shown(partial_),
                shown(path_), error.message());
  }
  committed_ = true;
}

}  // namespace quantrial

#include "tensor/new_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/file_lock.h"
#include "tensor/json.h"

namespace quantrial {

namespace fs = std::filesystem;

namespace {

// Says that a folder is an unfinished one of ours, which may be emptied.
constexpr const char* marker_name = ".quantrial-unfinished";

// Only what a killed run left is removed: an empty folder, or one with the marker, which goes last
// so that a run killed here leaves a folder that is still known. Throws Error for anything else.
void take_over(const fs::path& folder) {
  std::error_code error;
  const fs::path marker = folder / marker_name;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path() != marker) left.push_back(entry.path());
  }
  if (!error && !left.empty() && !fs::is_regular_file(fs::symlink_status(marker, error))) {
    throw Error(
        "{}: exists and is not left over from an interrupted run; move it away or choose another "
        "output folder",
        shown(folder));
  }
  for (size_t i = 0; i < left.size() && !error; ++i) fs::remove_all(left[i], error);
  if (error) {
    throw Error("cannot empty {}: {}; choose another output folder", shown(folder),
                error.message());
  }
  const int fd = open(marker.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) {
    throw Error("cannot create {}: {}; choose another output folder", shown(marker),
                std::strerror(errno));
  }
  close(fd);
}

}  // namespace

NewFolder::NewFolder(const fs::path& path) {
  if (path.empty()) throw Error("output folder: the name is empty; choose another output folder");
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
  try {
    take_over(partial_);
  } catch (const Error&) {
    close(fd_);
    throw;
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
  fs::remove(path_ / marker_name, error);  // a complete folder may keep it
}

}  // namespace quantrial

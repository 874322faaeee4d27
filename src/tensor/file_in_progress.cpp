#include "tensor/file_in_progress.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/file_lock.h"
#include "base/write_error.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// What lies under such a name is taken over, so it must be one that nobody else gives a file.
constexpr const char* partial_suffix = ".quantrial-partial";

// Where `path` leads through symbolic links. Only a regular file may be replaced: renaming over a
// device, a pipe or a folder would destroy it.
fs::path replaceable(const fs::path& path) {
  std::error_code error;
  const fs::path target = fs::weakly_canonical(path, error);
  const fs::file_status status = fs::status(error ? path : target, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error("cannot write {}: it exists and is no regular file; choose another name",
                shown(path));
  }
  return target.empty() ? path : target;
}

// Opens `partial` for writing, empty and locked: what a killed run left there is taken over, what a
// live one writes is not. -1 with errno when that fails.
int open_partial(const fs::path& partial) {
  while (true) {
    const int fd =
        open(partial.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0) return -1;
    struct stat mine {
    }, named{};
    const bool regular = fstat(fd, &mine) == 0 && S_ISREG(mine.st_mode);
    if (!regular || !lock_alone(fd)) {
      close(fd);
      errno = regular ? EBUSY : EEXIST;
      return -1;
    }
    // Between open and lock another run may have given the file its final name.
    if (lstat(partial.c_str(), &named) == 0 && named.st_ino == mine.st_ino) {
      // Cutting an empty file too would make ext4 send all of it to the disk in close().
      if (mine.st_size == 0 || ftruncate(fd, 0) == 0) return fd;
      close(fd);
      return -1;
    }
    close(fd);
  }
}

}  // namespace

FileInProgress::FileInProgress(const fs::path& path) : path_(replaceable(path)), partial_(path_) {
  partial_ += partial_suffix;
  fd_ = open_partial(partial_);
  if (fd_ < 0) fail("create");
}

FileInProgress::~FileInProgress() {
  if (!committed_) unlink(partial_.c_str());
  if (fd_ >= 0) close(fd_);
}

// What goes to the system at once. For longer pieces Linux takes larger pages, which a virtual
// machine must first get from its host: the same file at a third of the speed.
constexpr size_t piece = 1 << 18;

void FileInProgress::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), std::min(bytes.size(), piece));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write");
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

void FileInProgress::commit(Durability durability) {
  if (durability == Durability::synced && fsync(fd_) != 0) fail("write");
  if (rename(partial_.c_str(), path_.c_str()) != 0) fail("rename");
  committed_ = true;
  if (close(std::exchange(fd_, -1)) != 0) fail("write");
  if (durability == Durability::left_to_system) return;
  const int parent = open(path_.has_parent_path() ? path_.parent_path().c_str() : ".",
                          O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) {
    fsync(parent);  // the name itself; not every file system can, and the data is safe already
    close(parent);
  }
}

void FileInProgress::fail(std::string_view verb) const {
  const int error = errno;
  const char* reason = error == EBUSY ? "another run is writing it" : std::strerror(error);
  throw WriteError("cannot {} {}: {}; free space or choose another folder", verb, shown(partial_),
                   reason);
}

void write_whole_file(const std::filesystem::path& path, const std::string& text) {
  FileInProgress file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit(Durability::synced);
}

}  // namespace quantrial

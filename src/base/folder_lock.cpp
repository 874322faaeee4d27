#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace quantrial {

FolderLock::FolderLock(const std::filesystem::path& folder)
    : fd_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) {
    throw Error("{}: {}; give another folder", escaped(folder.string(), 400), std::strerror(errno));
  }
  if (flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;  // some have no locks
  close(fd_);
  throw Error("{}: another process works on it; wait for it, or give another folder",
              escaped(folder.string(), 400));
}

FolderLock::~FolderLock() { close(fd_); }

}  // namespace quantrial

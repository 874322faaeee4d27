// A folder that one process at a time works on.
#pragma once

#include <filesystem>

namespace quantrial {

class FolderLock {
 public:
  // Throws Error when another process holds the folder, or it cannot be opened. The lock goes with
  // the process, however it ends.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace quantrial

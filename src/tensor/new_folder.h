// A folder that exists under its name only when it is complete.
#pragma once

#include <filesystem>

namespace quantrial {

class NewFolder {
 public:
  // Error when `path` exists and is not an empty folder, its parent does not exist, or another run
  // is writing it. What a killed run left behind is removed; another folder that has the name of
  // partial() is an error.
  explicit NewFolder(const std::filesystem::path& path);
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();  // without commit(): removes what was written

  // Where to write until commit(): beside the final place.
  const std::filesystem::path& partial() const { return partial_; }
  // Syncs what was written and gives the folder its name.
  void commit();

 private:
  std::filesystem::path path_, partial_;
  int fd_ = -1;  // holds the lock of partial_
  bool committed_ = false;
};

}  // namespace quantrial

// A file that exists under its name only when it is complete.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace quantrial {

// Whether to wait until the disk has the file: against power loss, at the disk's speed.
enum class Durability : uint8_t { synced, left_to_system };

class FileInProgress {
 public:
  // Throws Error when `path` is no regular file, cannot be written, or another run is writing it.
  // What a killed run left there is replaced.
  explicit FileInProgress(const std::filesystem::path& path);
  FileInProgress(const FileInProgress&) = delete;
  FileInProgress& operator=(const FileInProgress&) = delete;
  ~FileInProgress();  // without commit(): removes what was written

  void write(std::span<const std::byte> bytes);
  void commit(Durability durability);

 private:
  [[noreturn]] void fail(std::string_view verb) const;

  std::filesystem::path path_, partial_;  // written beside the final place
  int fd_ = -1;
  bool committed_ = false;
};

// `text` as the file `path`, synced. Throws as FileInProgress does.
void write_whole_file(const std::filesystem::path& path, const std::string& text);

}  // namespace quantrial

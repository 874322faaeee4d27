// A file mapped read-only: opening costs no read, pages arrive when touched.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace quantrial {

class MappedFile {
 public:
  // Throws Error when the file cannot be opened or mapped, or is no regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

  // Brings these pages in at once: half the time of a page fault for each few of them.
  void populate(std::span<const std::byte> part) const;
  // Tells the kernel that these pages are not needed soon (they were copied elsewhere), so that
  // they stop counting as resident. `part` must lie within bytes().
  void release(std::span<const std::byte> part) const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Whether the path exists; what cannot be looked at is reported when it is opened.
bool is_present(const std::filesystem::path& path);

// The whole file as text. Throws Error when it cannot be read or is larger than `max_bytes`.
std::string read_text_file(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 30);

}  // namespace quantrial

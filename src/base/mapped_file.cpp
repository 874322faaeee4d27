#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "base/error.h"

namespace quantrial {
namespace {

std::string shown(const std::filesystem::path& path) { return escaped(path.string(), 400); }

// Size of the regular file behind `fd`; throws for directories and devices.
size_t regular_file_size(int fd, const std::filesystem::path& path) {
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    throw Error("cannot read {}: {}", shown(path), std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error("cannot read {}: not a regular file", shown(path));
  }
  return static_cast<size_t>(status.st_size);
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    throw Error("cannot open {}: {}", shown(path), std::strerror(errno));
  }
  try {
    size_ = regular_file_size(fd, path);
  } catch (...) {
    close(fd);
    throw;
  }
  if (size_ > 0) {
    void* address = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (address == MAP_FAILED) {
      const int error = errno;
      close(fd);
      throw Error("cannot map {} ({} bytes): {}", shown(path), size_, std::strerror(error));
    }
    data_ = static_cast<const std::byte*>(address);
  }
  close(fd);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) {
    munmap(const_cast<std::byte*>(data_), size_);
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

void MappedFile::populate(std::span<const std::byte> part) const {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<size_t>(part.data() - data_);
  const size_t first = offset / page * page;
  // May fail, on an older kernel too: then the pages come one by one.
  madvise(const_cast<std::byte*>(data_) + first, offset + part.size() - first, MADV_POPULATE_READ);
}

void MappedFile::release(std::span<const std::byte> part) const {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<size_t>(part.data() - data_);
  const size_t first = (offset + page - 1) / page * page;  // whole pages inside `part` only
  const size_t last = (offset + part.size()) / page * page;
  if (first < last) {
    madvise(const_cast<std::byte*>(data_) + first, last - first, MADV_DONTNEED);
  }
}

bool is_present(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) || error;
}

std::string read_text_file(const std::filesystem::path& path, size_t max_bytes) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() > max_bytes) {
    throw Error("{}: {} bytes, expected at most {}", shown(path), bytes.size(), max_bytes);
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace quantrial

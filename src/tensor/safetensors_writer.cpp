#include "tensor/safetensors_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "base/checked.h"
#include "base/error.h"
#include "base/file_lock.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using Durability = SafetensorsWriteOptions::Durability;

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
      if (ftruncate(fd, 0) == 0) return fd;
      close(fd);
      return -1;
    }
    close(fd);
  }
}

// A file that exists under its name only after commit(); removed when that is never reached.
class FileInProgress {
 public:
  explicit FileInProgress(const fs::path& path) : path_(replaceable(path)), partial_(path_) {
    partial_ += partial_suffix;
    fd_ = open_partial(partial_);
    if (fd_ < 0) fail("create");
  }
  FileInProgress(const FileInProgress&) = delete;
  FileInProgress& operator=(const FileInProgress&) = delete;
  ~FileInProgress() {
    if (!committed_) unlink(partial_.c_str());
    if (fd_ >= 0) close(fd_);
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("write");
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
  }

  void commit(Durability durability) {
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

 private:
  [[noreturn]] void fail(std::string_view verb) const {
    const int error = errno;
    const char* reason = error == EBUSY ? "another run is writing it" : std::strerror(error);
    throw Error("cannot {} {}: {}; free space or choose another folder", verb, shown(partial_),
                reason);
  }

  fs::path path_, partial_;
  int fd_ = -1;
  bool committed_ = false;
};

std::string header_of(const std::vector<TensorToWrite>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t at = 0;
  for (const TensorToWrite& tensor : tensors) {
    const int64_t end = at + bytes_of(tensor);
    header[tensor.name] = {
        {"dtype", name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

// Piece by piece, so that a large tensor never counts as resident in full.
template <typename Written>
void copy_mapped(const StoredTensor& tensor, FileInProgress& file, Written written) {
  constexpr size_t piece_bytes = 8 << 20;
  for (size_t at = 0; at < tensor.bytes.size(); at += piece_bytes) {
    const auto piece = tensor.bytes.subspan(at, std::min(piece_bytes, tensor.bytes.size() - at));
    file.write(piece);
    tensor.file->release(piece);
    written(piece.size());
  }
}

}  // namespace

int64_t bytes_of(const TensorToWrite& tensor) {
  return checked_product(tensor.shape, element_bytes(tensor.dtype));
}

void write_safetensors(const fs::path& path, const std::vector<TensorToWrite>& tensors,
                       const SafetensorsWriteOptions& options) {
  const std::string header = header_of(tensors, options.metadata);
  const uint64_t length = header.size();
  FileInProgress file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  const auto written = [&](size_t bytes) {
    if (options.written) options.written(static_cast<int64_t>(bytes));
  };
  for (const TensorToWrite& tensor : tensors) {
    if (tensor.source != nullptr) {
      copy_mapped(*tensor.source, file, written);
      continue;
    }
    int64_t bytes = 0;
    const auto take = [&](std::span<const std::byte> piece) {
      bytes += static_cast<int64_t>(piece.size());
      file.write(piece);
      written(piece.size());
    };
    if (tensor.make_pieces) {
      tensor.make_pieces(take);
    } else if (tensor.make_bytes) {
      take(tensor.make_bytes());
    } else {
      take(tensor.ready);
    }
    require(bytes == bytes_of(tensor),
            "write_safetensors: a tensor came with another number of bytes than its shape says");
  }
  file.commit(options.durability);
}

}  // namespace quantrial

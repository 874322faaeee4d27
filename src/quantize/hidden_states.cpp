#include "quantize/hidden_states.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "base/write_error.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

class StatesInMemory final : public StoredStates {
 public:
  explicit StatesInMemory(const StatesShape& shape)
      : StoredStates(shape), values_(static_cast<size_t>(shape.tokens() * shape.width)) {}

  void read(int64_t sequence, View<float, 2> x) const override {
    const auto first = values_.begin() + offset(sequence);
    std::copy(first, first + x.size(), x.data());
  }
  void write(int64_t sequence, View<const float, 2> x) override {
    std::copy(x.data(), x.data() + x.size(), values_.begin() + offset(sequence));
  }
  View<const float, 2> in_memory(int64_t sequence, std::vector<float>& /*memory*/) const override {
    return {values_.data() + offset(sequence), {length(sequence), width()}};
  }

 private:
  std::vector<float> values_;
};

class StatesOnDisk final : public StoredStates {
 public:
  StatesOnDisk(const StatesShape& shape, const std::filesystem::path& dir)
      : StoredStates(shape), where_(shown(dir)) {
    std::string name = (dir / "hidden-states-XXXXXX").string();
    fd_ = mkostemp(name.data(), O_CLOEXEC);
    if (fd_ < 0) fail("create");
    unlink(name.c_str());
    if (const int error = posix_fallocate(fd_, 0, std::max<int64_t>(shape.bytes(), 1))) {
      errno = error;
      close(std::exchange(fd_, -1));
      fail("reserve");
    }
  }
  ~StatesOnDisk() override {
    if (fd_ >= 0) close(fd_);
  }
  StatesOnDisk(const StatesOnDisk&) = delete;
  StatesOnDisk& operator=(const StatesOnDisk&) = delete;

  void read(int64_t sequence, View<float, 2> x) const override {
    move(reinterpret_cast<char*>(x.data()), x.size(), sequence,
         [&](char* data, size_t n, off_t at) { return pread(fd_, data, n, at); });
  }
  void write(int64_t sequence, View<const float, 2> x) override {
    move(reinterpret_cast<const char*>(x.data()), x.size(), sequence,
         [&](const char* data, size_t n, off_t at) { return pwrite(fd_, data, n, at); });
  }

 private:
  template <typename Byte, typename Call>
  void move(Byte* data, int64_t floats, int64_t sequence, Call call) const {
    auto left = static_cast<size_t>(floats) * sizeof(float);
    off_t at = offset(sequence) * static_cast<int64_t>(sizeof(float));
    while (left > 0) {
      const ssize_t count = call(data, left, at);
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) errno = EIO;
      if (count <= 0) fail("use");
      data += count;
      at += count;
      left -= static_cast<size_t>(count);
    }
  }
  [[noreturn]] void fail(std::string_view verb) const {
    const int error = errno;
    throw WriteError(
        "cannot {} a file for hidden states in {}: {}; free space, or use --set samples", verb,
        where_, std::strerror(error));
  }

  std::string where_;
  int fd_ = -1;
};

}  // namespace

bool go_to_disk(int64_t all_states_bytes, int64_t available_bytes) {
  return static_cast<double>(all_states_bytes) >
         states_share_of_memory * static_cast<double>(available_bytes);
}

int64_t StatesShape::tokens() const {
  return std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
}

StoredStates::StoredStates(StatesShape shape) : shape_(std::move(shape)) {
  first_token_.resize(shape_.lengths.size());
  std::exclusive_scan(shape_.lengths.begin(), shape_.lengths.end(), first_token_.begin(),
                      int64_t{0});
}

int64_t StoredStates::sequence_length() const {
  const auto& lengths = shape_.lengths;
  require(!lengths.empty() && std::all_of(lengths.begin(), lengths.end(),
                                          [&](int64_t n) { return n == lengths[0]; }),
          "StoredStates: sequences of different lengths");
  return lengths[0];
}

int64_t StoredStates::length(int64_t sequence) const {
  return shape_.lengths[static_cast<size_t>(sequence)];
}

int64_t StoredStates::offset(int64_t sequence) const {
  return first_token_[static_cast<size_t>(sequence)] * shape_.width;
}

std::unique_ptr<StoredStates> states_in_memory(const StatesShape& shape) {
  return std::make_unique<StatesInMemory>(shape);
}

std::unique_ptr<StoredStates> states_on_disk(const StatesShape& shape,
                                             const std::filesystem::path& dir) {
  return std::make_unique<StatesOnDisk>(shape, dir);
}

}  // namespace quantrial

#include "base/compressed_file.h"

#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>

#include <array>
#include <limits>

#include "base/error.h"
#include "base/mapped_file.h"

namespace quantrial {
namespace {

constexpr size_t piece = 1 << 16;

[[noreturn]] void damaged(const std::string& where) {
  throw Error("{}: damaged or cut off; get the file again", where);
}

void check_size(size_t bytes, const std::string& where, size_t max_bytes) {
  if (bytes > max_bytes) {
    throw Error("{}: more than {} bytes when unpacked; give a smaller file", where, max_bytes);
  }
}

}  // namespace

std::string unxz(std::string_view packed, const std::string& where, size_t max_bytes) {
  struct Stream {
    lzma_stream s = LZMA_STREAM_INIT;
    ~Stream() { lzma_end(&s); }
  } stream;
  constexpr uint64_t memory = uint64_t{256} << 20;
  require(lzma_stream_decoder(&stream.s, memory, LZMA_CONCATENATED) == LZMA_OK, "lzma: no decoder");
  stream.s.next_in = reinterpret_cast<const uint8_t*>(packed.data());
  stream.s.avail_in = packed.size();
  std::string text;
  std::array<uint8_t, piece> out;
  for (lzma_ret state = LZMA_OK; state != LZMA_STREAM_END;) {
    stream.s.next_out = out.data();
    stream.s.avail_out = out.size();
    state = lzma_code(&stream.s, stream.s.avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
    if (state != LZMA_OK && state != LZMA_STREAM_END) damaged(where);
    text.append(reinterpret_cast<const char*>(out.data()), out.size() - stream.s.avail_out);
    check_size(text.size(), where, max_bytes);
  }
  return text;
}

std::string inflated(std::string_view packed, const std::string& where, size_t max_bytes) {
  struct Stream {
    z_stream s{};
    ~Stream() { inflateEnd(&s); }
  } stream;
  constexpr int window_and_either_header = 15 + 32;
  require(inflateInit2(&stream.s, window_and_either_header) == Z_OK, "zlib: no decoder");
  stream.s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  check_size(packed.size(), where, std::numeric_limits<uInt>::max());
  stream.s.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::array<char, piece> out;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    stream.s.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.s.avail_out = static_cast<uInt>(out.size());
    state = inflate(&stream.s, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) damaged(where);
    text.append(out.data(), out.size() - stream.s.avail_out);
    check_size(text.size(), where, max_bytes);
    if (state == Z_OK && stream.s.avail_in == 0 && stream.s.avail_out != 0) damaged(where);
  }
  return text;
}

std::string read_maybe_compressed(const std::filesystem::path& path, size_t max_bytes) {
  const std::string name = escaped(path.string(), 400);
  const std::string extension = path.extension().string();
  std::string bytes = read_text_file(path, max_bytes);
  if (extension == ".xz") return unxz(bytes, name, max_bytes);
  if (extension == ".gz") return inflated(bytes, name, max_bytes);
  return bytes;
}

}  // namespace quantrial

// Files packed by xz(1), gzip(1) and Python's zlib, read back; damaged and oversized ones refused.
#include "base/compressed_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace quantrial {
namespace {

template <size_t N>
std::string bytes(const char (&text)[N]) {
  return {text, N - 1};
}

const std::string text = "one\ntwo\n";
// printf 'one\ntwo\n' | xz --check=crc32
const std::string by_xz = bytes(
    "\xfd\x37\x7a\x58\x5a\x00\x00\x01\x69\x22\xde\x36\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5"
    "\xa3\x01\x00\x07\x6f\x6e\x65\x0a\x74\x77\x6f\x0a\x00\xe6\x0b\xba\x12\x00\x01\x1c\x08\x44\x60"
    "\x2a\xc8\x90\x42\x99\x0d\x01\x00\x00\x00\x00\x01\x59\x5a");
// printf 'one\ntwo\n' | gzip -n
const std::string by_gzip = bytes(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xcf\x4b\xe5\x2a\x29\xcf\xe7\x02\x00\xe6\x0b\xba"
    "\x12\x08\x00\x00\x00");
// zlib.compress(b'one\ntwo\n')
const std::string by_zlib =
    bytes("\x78\x9c\xcb\xcf\x4b\xe5\x2a\x29\xcf\xe7\x02\x00\x0d\x2f\x02\xb1");

class CompressedFile : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }
  const TemporaryFolder folder_;
};

TEST_F(CompressedFile, GivesTheTextWhateverPackedIt) {
  EXPECT_EQ(read_maybe_compressed(write("a", text)), text);
  EXPECT_EQ(read_maybe_compressed(write("a.xz", by_xz)), text);
  EXPECT_EQ(read_maybe_compressed(write("a.gz", by_gzip)), text);
  EXPECT_EQ(inflated(by_zlib, "here", 100), text);
}

TEST_F(CompressedFile, RefusesEveryTruncation) {
  for (size_t n = 0; n < by_xz.size(); ++n) {
    EXPECT_THROW(read_maybe_compressed(write("a.xz", by_xz.substr(0, n))), Error) << n;
  }
  for (size_t n = 0; n < by_gzip.size(); ++n) {
    EXPECT_THROW(read_maybe_compressed(write("a.gz", by_gzip.substr(0, n))), Error) << n;
  }
  for (size_t n = 0; n < by_zlib.size(); ++n) {
    EXPECT_THROW(inflated(by_zlib.substr(0, n), "here", 100), Error) << n;
  }
}

TEST_F(CompressedFile, RefusesWhatWouldBeLargerThanAllowed) {
  EXPECT_THROW(inflated(by_gzip, "here", 7), Error);
  EXPECT_NO_THROW(inflated(by_zlib, "here", 8));
}

}  // namespace
}  // namespace quantrial

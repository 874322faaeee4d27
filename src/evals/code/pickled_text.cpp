#include "evals/code/pickled_text.h"

#include "base/compressed_file.h"
#include "base/error.h"

namespace quantrial {
namespace {

constexpr size_t largest_text = size_t{1} << 30;

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Opcodes of CPython's Lib/pickletools.py: PROTO, FRAME, one text, MEMOIZE or PUT, STOP.
class Unpickler {
 public:
  Unpickler(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}

  std::string text() {
    std::string text;
    bool found = false;
    while (true) {
      const char op = take(1)[0];
      if (op == '.') break;
      if (op == '\x80') {
        take(1);
      } else if (op == '\x95') {
        take(8);
      } else if (op == '\x94') {  // MEMOIZE
        continue;
      } else if (op == 'q' || op == 'r') {  // BINPUT, LONG_BINPUT
        take(op == 'q' ? 1 : 4);
      } else if (const size_t head = length_bytes(op); head != 0 && !found) {
        text = take(length(head));
        found = true;
      } else {
        fail();
      }
    }
    if (!found || !rest_.empty()) fail();
    return text;
  }

 private:
  // Of SHORT_BINUNICODE, BINUNICODE and BINUNICODE8; 0: another operation.
  static size_t length_bytes(char op) {
    return op == '\x8c' ? 1 : op == 'X' ? 4 : op == '\x8d' ? 8 : 0;
  }
  size_t length(size_t bytes) {
    const std::string_view digits = take(bytes);
    size_t n = 0;
    for (size_t i = bytes; i-- > 0;) n = n << 8 | static_cast<uint8_t>(digits[i]);
    return n;
  }
  std::string_view take(size_t n) {
    if (n > rest_.size()) fail();
    const std::string_view part = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return part;
  }
  [[noreturn]] void fail() const {
    throw Error("{}: not the pickle of one text; get the file again", where_);
  }

  std::string_view rest_;
  const std::string& where_;
};

}  // namespace

std::string decode_base64(std::string_view text, const std::string& where) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int six = sextet(c);
    if (six < 0) throw Error("{}: not base64 ('{}'); get the file again", where, escaped({&c, 1}));
    bits = bits << 6 | static_cast<uint32_t>(six);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

std::string unpickled_text(std::string_view pickle, const std::string& where) {
  return Unpickler(pickle, where).text();
}

std::string packed_text(std::string_view base64, const std::string& where) {
  return unpickled_text(inflated(decode_base64(base64, where), where, largest_text), where);
}

}  // namespace quantrial

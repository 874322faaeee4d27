// Server-sent events (WHATWG HTML, 9.2) as they come in pieces: only their data.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace quantrial {

class ServerEvents {
 public:
  // Calls use(data) for each event that `bytes` completes; stops when it gives false, and gives
  // false then and for an event of more than 64 MiB.
  template <typename Use>
  bool push(std::string_view bytes, Use use) {
    for (const char c : bytes) {
      const bool after_return = std::exchange(returned_, c == '\r');
      if (c == '\n' && after_return) continue;
      if (c != '\n' && c != '\r') {
        line_ += c;
        continue;
      }
      if (!line_.empty()) {
        take_line();
      } else if (std::exchange(there_, false)) {
        if (!use(std::string_view(data_))) return false;
        data_.clear();
      }
      line_.clear();
    }
    return line_.size() + data_.size() <= largest;
  }

 private:
  static constexpr size_t largest = size_t{64} << 20;

  void take_line() {
    constexpr std::string_view field = "data:";
    if (!line_.starts_with(field)) return;  // comments (keep-alive), event, id, retry
    std::string_view value = std::string_view(line_).substr(field.size());
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (there_) data_ += '\n';
    data_ += value;
    there_ = true;
  }

  std::string line_, data_;
  bool there_ = false, returned_ = false;
};

}  // namespace quantrial

#include "evals/endpoint/address.h"

#include <algorithm>

#include "base/error.h"

namespace quantrial {
namespace {

constexpr std::string_view schemes[] = {"http://", "https://"};

bool is_address(std::string_view text) {
  return std::any_of(std::begin(schemes), std::end(schemes),
                     [&](std::string_view s) { return text.starts_with(s); });
}

[[noreturn]] void fail(const std::string& text, std::string_view why) {
  throw Error("{}: {}; give http://HOST:PORT/v1", escaped(text, 400), why);
}

void drop_end(std::string& text, std::string_view end) {
  if (text.ends_with(end)) text.resize(text.size() - end.size());
}

void check_port(const std::string& text, std::string_view host) {
  const size_t bracket = host.rfind(']');  // [::1]:8000
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return;
  }
  const std::string_view port = host.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || std::stoi(std::string(port)) > 65535 || std::stoi(std::string(port)) == 0) {
    fail(text, "no port from 1 to 65535");
  }
}

}  // namespace

std::string ServerAddress::beside(std::string_view path) const {
  std::string base = prefix;
  drop_end(base, "/v1");
  return base + std::string(path);
}

ServerAddress parse_address(const std::string& text) {
  if (!is_address(text)) fail(text, "no address of a server");
  const bool clean =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
  if (!clean || text.find_first_of("?#") != std::string::npos) fail(text, "no plain address");
  const size_t host = text.find("://") + 3, slash = std::min(text.find('/', host), text.size());
  const std::string_view authority = std::string_view(text).substr(host, slash - host);
  if (authority.empty() || authority.front() == ':') fail(text, "no host");
  if (authority.find('@') != std::string_view::npos) {
    // Not shown: it holds a password.
    throw Error("{}...: user and password in an address; give a key in a variable (--api-key-env)",
                text.substr(0, host));
  }
  check_port(text, authority);
  ServerAddress address{text.substr(0, slash), text.substr(slash)};
  drop_end(address.prefix, "/");
  drop_end(address.prefix, "/chat/completions");
  if (address.prefix.empty()) address.prefix = "/v1";
  return address;
}

std::vector<ServerAddress> parse_addresses(const std::string& text) {
  std::vector<ServerAddress> addresses;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    addresses.push_back(parse_address(text.substr(at, end - at)));
    for (size_t i = 0; i + 1 < addresses.size(); ++i) {
      if (addresses[i].text() == addresses.back().text()) fail(text, "an address twice");
    }
    at = end + 1;
  }
  return addresses;
}

}  // namespace quantrial

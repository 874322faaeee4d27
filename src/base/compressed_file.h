// Text files that may be compressed: NAME.xz and NAME.gz are unpacked while they are read.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace quantrial {

// The whole text of `path`, unpacked when its name ends in .xz or .gz. Throws Error when it cannot
// be read, is damaged, or would be larger than `max_bytes`.
std::string read_maybe_compressed(const std::filesystem::path& path,
                                  size_t max_bytes = size_t{1} << 30);

// A zlib stream (RFC 1950) or a gzip member (RFC 1952), unpacked. `where` names it in messages.
std::string inflated(std::string_view packed, const std::string& where, size_t max_bytes);

// An .xz file in memory, unpacked. `where` names it in messages.
std::string unxz(std::string_view packed, const std::string& where, size_t max_bytes);

}  // namespace quantrial

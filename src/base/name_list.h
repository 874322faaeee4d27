// Long lists of names in one line of a message.
#pragma once

#include <span>
#include <string>

namespace quantrial {

// "a, b, c and 4 more", each escaped.
std::string name_list(std::span<const std::string> names, size_t most = 3);

}  // namespace quantrial

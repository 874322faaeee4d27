#include "base/name_list.h"

#include <algorithm>

#include "base/error.h"

namespace quantrial {

std::string name_list(std::span<const std::string> names, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(most, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + escaped(names[i]);
  }
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

}  // namespace quantrial

#include "text/jinja/arguments.h"

#include <algorithm>

namespace quantrial::jinja {

const Value* Arguments::find_keyword(std::string_view name) const {
  const auto found = std::ranges::find_if(keyword, [&](const auto& k) { return k.first == name; });
  return found == keyword.end() ? nullptr : &found->second;
}

Bound::Bound(std::string_view callee, std::initializer_list<std::string_view> names,
             const Arguments& arguments)
    : callee_(callee), names_(names), values_(names.size()) {
  if (arguments.positional.size() > names_.size()) {
    throw Error("{}: takes at most {} arguments, {} given", callee, names_.size(),
                arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.keyword) {
    const auto found = std::ranges::find(names_, std::string_view(name));
    if (found == names_.end())
      throw Error("{}: unexpected keyword argument '{}'", callee, escaped(name));
    auto& place = values_[static_cast<size_t>(found - names_.begin())];
    if (place != nullptr) throw Error("{}: argument '{}' given twice", callee, name);
    place = &value;
  }
}

const Value& Bound::required(size_t i) const {
  if (values_[i] == nullptr) throw Error("{}: argument '{}' is missing", callee_, names_[i]);
  return *values_[i];
}

int64_t Bound::integer(size_t i, int64_t fallback) const {
  if (values_[i] == nullptr) return fallback;
  return to_index(*values_[i], fmt::format("{}: argument '{}'", callee_, names_[i]));
}

std::string Bound::text(size_t i, std::string_view fallback) const {
  if (values_[i] == nullptr) return std::string(fallback);
  if (values_[i]->is_undefined()) fail_undefined(*values_[i]);
  if (!values_[i]->is_text()) {
    throw Error("{}: argument '{}' must be str, not {}", callee_, names_[i],
                type_name(*values_[i]));
  }
  return values_[i]->text();
}

}  // namespace quantrial::jinja

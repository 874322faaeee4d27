// Between filters.cpp, which finds a filter by name, and the files that define them.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "text/jinja/arguments.h"
#include "text/jinja/budget.h"

namespace quantrial::jinja {

struct FilterContext {
  const Value& value;
  const Arguments& arguments;
  Budget& budget;
  std::string_view name;

  Bound bind(std::initializer_list<std::string_view> names) const {
    return Bound(name, names, arguments);
  }
};

struct NamedFilter {
  std::string_view name;
  Value (*apply)(const FilterContext&);
};

std::span<const NamedFilter> scalar_filters();    // texts, numbers and JSON
std::span<const NamedFilter> sequence_filters();  // lists and dicts

}  // namespace quantrial::jinja

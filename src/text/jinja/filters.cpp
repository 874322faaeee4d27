#include "text/jinja/filters.h"

#include <algorithm>

#include "text/jinja/filter_tables.h"
#include "text/jinja/operators.h"

namespace quantrial::jinja {
namespace {

const NamedFilter* filter_of(std::string_view name) {
  for (const auto filters : {scalar_filters(), sequence_filters()}) {
    const auto found = std::ranges::find(filters, name, &NamedFilter::name);
    if (found != filters.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

bool is_filter(std::string_view name) { return filter_of(name) != nullptr; }

Value apply_filter(std::string_view name, const Value& value, const Arguments& arguments,
                   Budget& budget) {
  const NamedFilter* filter = filter_of(name);
  if (filter == nullptr) throw Error("there is no filter named '{}'", escaped(name));
  budget.take_steps(reading_steps(value));
  return filter->apply({value, arguments, budget, filter->name});
}

}  // namespace quantrial::jinja

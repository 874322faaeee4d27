// Jinja2's filters: value | name(arguments).
#pragma once

#include <string_view>

#include "text/jinja/arguments.h"
#include "text/jinja/budget.h"

namespace quantrial::jinja {

// Throws Error for an unknown filter.
Value apply_filter(std::string_view name, const Value& value, const Arguments& arguments,
                   Budget& budget);

bool is_filter(std::string_view name);

}  // namespace quantrial::jinja

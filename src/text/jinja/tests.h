// Jinja2's tests: value is name(arguments).
#pragma once

#include <string_view>

#include "text/jinja/arguments.h"
#include "text/jinja/budget.h"

namespace quantrial::jinja {

// Throws Error for an unknown test.
bool apply_test(std::string_view name, const Value& value, const Arguments& arguments,
                Budget& budget);

bool is_test(std::string_view name);

}  // namespace quantrial::jinja

// The global functions of chat templates: range, namespace, dict, raise_exception, strftime_now.
#pragma once

#include <string_view>

#include "text/jinja/arguments.h"

namespace quantrial::jinja {

class Interpreter;

bool is_function(std::string_view name);

Value call_function(Interpreter& interpreter, std::string_view name, const Arguments& arguments);

}  // namespace quantrial::jinja

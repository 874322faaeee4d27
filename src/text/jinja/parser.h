// Template source to tree, by Jinja2's grammar (jinja2/parser.py), without template inheritance and
// imports.
#pragma once

#include <string_view>

#include "text/jinja/syntax.h"

namespace quantrial::jinja {

// Throws Error naming the line and the construct.
Body parse(std::string_view source);

}  // namespace quantrial::jinja

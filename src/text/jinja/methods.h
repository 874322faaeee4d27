// Methods of texts, lists and dicts ("a b".split()), and cycle and changed of a loop. Those that
// would change a list or dict do not exist, as in transformers' sandbox.
#pragma once

#include <string_view>

#include "text/jinja/arguments.h"
#include "text/jinja/budget.h"

namespace quantrial::jinja {

bool has_method(const Value& object, std::string_view name);

Value call_method(const BoundMethod& method, const Arguments& arguments, Budget& budget);

}  // namespace quantrial::jinja

// Whether Python's json.loads() takes a text: RFC 8259, and NaN, Infinity and lone surrogates.
#pragma once

#include <string_view>

namespace quantrial::python {

bool json_loads(std::string_view text);

}  // namespace quantrial::python

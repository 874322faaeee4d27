// A key of quantization_config that nobody here has heard of may change what the stored numbers
// mean, so that it is refused by name.
#pragma once

#include <span>
#include <string_view>

#include "tensor/json.h"

namespace quantrial {

// Error for a key of `object` that is neither in `meaning`, which its reader uses or checks, nor a
// note about how the numbers were chosen or may be run. A value that says nothing (null, false, "",
// [], {}) is accepted: writers spell out what a feature that is off would need.
void check_keys(const JsonObject& object, std::span<const std::string_view> meaning);

}  // namespace quantrial

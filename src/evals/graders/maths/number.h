// Answers that must be one number.
#pragma once

#include <optional>
#include <string_view>

#include "evals/graders/maths/rational.h"

namespace quantrial::maths {

// "1,234", "\$5.50", "x = 3/4", "12 apples", "\frac12": exactly. Nothing for what is no number, or
// several. Per cent signs are dropped.
std::optional<Rational> number_of(std::string_view answer);

}  // namespace quantrial::maths

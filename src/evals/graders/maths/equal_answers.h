// Whether two written answers are one: the ladder of normalised text, exact numbers, structures and
// numeric identity.
#pragma once

#include <string_view>

#include "evals/graders/maths/identity.h"

namespace quantrial::maths {

Equality equal_answers(std::string_view gold, std::string_view answer);

}  // namespace quantrial::maths

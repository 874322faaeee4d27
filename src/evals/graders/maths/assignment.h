// Equations that say what a value is: x = 5, and 10/2 = 5.
#pragma once

#include "evals/graders/maths/answer.h"
#include "evals/graders/maths/identity.h"

namespace quantrial::maths {

bool is_equation(const Answer& answer);

// 50% is 0.5, and it is 50 where percent are asked for.
Equality equal_values(const Answer& a, const Answer& b);

// 5 of x = 5, x = 2 + 3 = 5, 5 = x and of 2 + 3 = 5, where all sides are equal; else nothing.
const Answer* assigned(const Answer& answer);

}  // namespace quantrial::maths

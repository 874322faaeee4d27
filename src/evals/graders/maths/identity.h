// Whether two expressions are the same function, by their values at random points.
#pragma once

#include "evals/graders/maths/expression.h"

namespace quantrial::maths {

enum class Equality { same, different, undecided };

// Exactly where both have exact values; else within 1e-9, relative, at about 20 random points in
// two precisions. Variables must be the same. Constants without decimals also differ where algebra
// or the bound of the rounding errors tells them apart within 1e-9.
Equality identical(const Expression& a, const Expression& b);

enum class Factor { any, positive };
// Whether a = factor x b for a constant factor that is not 0: equations a = 0 and b = 0 are then
// the same, inequalities where the factor is positive.
Equality proportional(const Expression& a, const Expression& b, Factor factor);

}  // namespace quantrial::maths

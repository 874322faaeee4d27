// The algorithms that look at what flows through a block, by the method of a recipe.
#pragma once

#include <memory>

#include "quantize/algorithm.h"
#include "quantize/recipe.h"

namespace quantrial {

// Error for Method::round_to_nearest, which looks at nothing.
std::unique_ptr<Algorithm> make_algorithm(Method method, const RecipeParameters& parameters);

}  // namespace quantrial

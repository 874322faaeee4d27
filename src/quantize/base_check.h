// What is wrong with a base checkpoint, found before a run spends hours on it.
#pragma once

#include <functional>

#include "base/thread_pool.h"
#include "quantize/plan.h"

namespace quantrial {

// Throws Error when a tensor that config.json asks for is missing or has another shape; of mtp.*
// only when the recipe keeps it.
void check_complete(const Checkpoint& base, MtpPolicy mtp);

// Throws Error for the first NaN or infinity of what the plan quantizes or carries over. `step` is
// called before each tensor and may throw.
void check_finite(const Plan& plan, ThreadPool& pool, const std::function<void()>& step);

}  // namespace quantrial

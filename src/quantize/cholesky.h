// A = L L^T for a symmetric positive definite matrix.
#pragma once

#include "ops/workers.h"
#include "tensor/view.h"

namespace quantrial {

// a[K,K]: reads and overwrites the diagonal and what is below it by L. False when a pivot is not
// positive (a then holds rubbish).
bool cholesky(View<float, 2> a, Workers& workers);

}  // namespace quantrial

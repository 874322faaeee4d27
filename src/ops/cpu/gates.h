// The activation functions of gates. Beyond exp's range they give the right limits: exp(-x)
// overflows to infinity for x < -88.
#pragma once

#include <cmath>

namespace quantrial {

inline float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }
inline float silu(float x) { return x * sigmoid(x); }
// log(1 + exp(x)); x itself where the 1 is below float's last bit, as in torch.
inline float softplus(float x) { return x > 20 ? x : std::log1p(std::exp(x)); }

}  // namespace quantrial

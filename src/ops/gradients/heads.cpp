// Moves of numbers between heads: each row of split_heads() is a permutation, so its gradient is
// the way back; a rotation's gradient is the rotation by the negative angle.
#include <algorithm>

#include "ops/gradients/gradients.h"

namespace quantrial::gradients {
namespace {

// (a, b) <- (a c - b s, b c + a s) with s = direction * sin.
void rotate(View<const float, 2> cos, View<const float, 2> sin, float direction, View<float, 3> x,
            Workers& workers) {
  const int64_t L = cos.shape(0), R = cos.shape(1), H = x.shape(1), D = x.shape(2);
  workers.for_rows(x.shape(0), H * R, [&](int64_t t) {
    const float* c = cos.data() + t % L * R;
    const float* s = sin.data() + t % L * R;
    for (int64_t h = 0; h < H; ++h) {
      float* a = x.data() + (t * H + h) * D;
      float* b = a + R;
      for (int64_t i = 0; i < R; ++i) {
        const float turned = a[i] * c[i] - b[i] * direction * s[i];
        b[i] = b[i] * c[i] + a[i] * direction * s[i];
        a[i] = turned;
      }
    }
  });
}

}  // namespace

void split_heads(View<const float, 3> x, View<float, 3> first, View<float, 3> second,
                 Workers& workers) {
  const int64_t H = first.shape(1), D = first.shape(2);
  workers.for_rows(x.shape(0), 2 * H * D, [&](int64_t t) {
    for (int64_t i = t * H; i < (t + 1) * H; ++i) {
      std::copy_n(x.data() + i * 2 * D, D, first.data() + i * D);
      std::copy_n(x.data() + i * 2 * D + D, D, second.data() + i * D);
    }
  });
}

void merge_heads(View<const float, 3> first, View<const float, 3> second, View<float, 3> x,
                 Workers& workers) {
  const int64_t H = first.shape(1), D = first.shape(2);
  workers.for_rows(x.shape(0), 2 * H * D, [&](int64_t t) {
    for (int64_t i = t * H; i < (t + 1) * H; ++i) {
      std::copy_n(first.data() + i * D, D, x.data() + i * 2 * D);
      std::copy_n(second.data() + i * D, D, x.data() + i * 2 * D + D);
    }
  });
}

void rope(View<const float, 2> cos, View<const float, 2> sin, View<float, 3> x, Workers& workers) {
  rotate(cos, sin, 1, x, workers);
}

void rope_backward(View<const float, 2> cos, View<const float, 2> sin, View<float, 3> dx,
                   Workers& workers) {
  rotate(cos, sin, -1, dx, workers);
}

}  // namespace quantrial::gradients

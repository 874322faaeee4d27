// Gated full attention: head split, rotary embedding, paged keys and values, causal softmax.
#include <algorithm>
#include <cmath>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/kernels.h"

namespace quantrial {
namespace {

// The page of `position`, at its first token of `head`; T is the cache's element type.
template <typename T>
T* page_of(void* pool, const KvPages& cache, const Segment& segment, int64_t position,
           int64_t head) {
  const int64_t page = segment.pages[static_cast<size_t>(position / page_tokens)];
  return static_cast<T*>(pool) + page * cache.page_elements() + head * cache.head_dim;
}

void store_number(float& to, float from) { to = from; }
void store_number(bfloat16& to, float from) { to = to_bfloat16(from); }

template <typename T>
void store_row(const float* row, void* pool, const KvPages& cache, const Segment& segment,
               int64_t position) {
  const int64_t width = cache.num_heads * cache.head_dim;
  T* to = page_of<T>(pool, cache, segment, position, 0) + position % page_tokens * width;
  for (int64_t i = 0; i < width; ++i) store_number(to[i], row[i]);
}

// Scores become softmax numerators in place; returns their sum.
float softmax_numerators(float* scores, int64_t count, float scale) {
  const float largest = *std::max_element(scores, scores + count);
  float total = 0;
  for (int64_t j = 0; j < count; ++j) {
    scores[j] = std::exp((scores[j] - largest) * scale);
    total += scores[j];
  }
  return total;
}

// A query row's share of one key head: q, y [H,D] of the heads that share it, over positions
// [0, count).
struct HeadGroup {
  const float* q;
  int64_t H, kv_head, count;
  float* y;
};

// T is the cache's element type; scores[H, count] is scratch.
template <typename T>
void attend(const HeadGroup& group, const Segment& segment, const KvPages& cache, float* scores) {
  const int64_t H = group.H, D = cache.head_dim, count = group.count;
  const auto page_rows = [&](void* pool, int64_t first) {
    return kernels::PageRows<T>{.first = page_of<T>(pool, cache, segment, first, group.kv_head),
                                .stride = cache.num_heads * D,
                                .count = std::min(page_tokens, count - first),
                                .D = D};
  };
  for (int64_t first = 0; first < count; first += page_tokens) {
    kernels::attention_scores(group.q, page_rows(cache.keys, first), {scores + first, H, count});
  }
  const float scale = 1 / std::sqrt(static_cast<float>(D));
  std::fill_n(group.y, H * D, 0.0f);
  for (int64_t h = 0; h < H; ++h) {
    float* row = scores + h * count;
    const float inverse = 1 / softmax_numerators(row, count, scale);
    for (int64_t j = 0; j < count; ++j) row[j] *= inverse;
  }
  for (int64_t first = 0; first < count; first += page_tokens) {
    kernels::attention_values({scores + first, H, count}, page_rows(cache.values, first), group.y);
  }
}

}  // namespace

void CpuBackend::split_heads(View<const float, 3> x, View<float, 3> first, View<float, 3> second) {
  const int64_t D = first.shape(2), heads = x.shape(0) * x.shape(1);
  for (int64_t i = 0; i < heads; ++i) {
    std::copy_n(x.data() + 2 * i * D, D, first.data() + i * D);
    std::copy_n(x.data() + (2 * i + 1) * D, D, second.data() + i * D);
  }
}

void CpuBackend::rope(View<const float, 2> cos, View<const float, 2> sin, View<float, 3> x) {
  const int64_t R = cos.shape(1), H = x.shape(1), D = x.shape(2);
  for_each(x.shape(0), H * R, [&](int64_t t, int) {
    const float* c = cos.data() + t * R;
    const float* s = sin.data() + t * R;
    for (int64_t h = 0; h < H; ++h) {
      float* head = x.data() + (t * H + h) * D;
      for (int64_t i = 0; i < R; ++i) {
        const float a = head[i], b = head[i + R];
        head[i] = a * c[i] - b * s[i];
        head[i + R] = b * c[i] + a * s[i];
      }
    }
  });
}

void CpuBackend::store_kv(View<const float, 3> k, View<const float, 3> v,
                          std::span<const Segment> segments, const KvPages& cache) {
  const int64_t width = cache.num_heads * cache.head_dim;
  for (const Segment& s : segments) {
    for (int64_t i = 0; i < s.num_rows; ++i) {
      const float* key = k.data() + (s.first_row + i) * width;
      const float* value = v.data() + (s.first_row + i) * width;
      const int64_t position = s.first_position + i;
      if (cache.dtype == DType::f32) {
        store_row<float>(key, cache.keys, cache, s, position);
        store_row<float>(value, cache.values, cache, s, position);
      } else {
        store_row<bfloat16>(key, cache.keys, cache, s, position);
        store_row<bfloat16>(value, cache.values, cache, s, position);
      }
    }
  }
}

void CpuBackend::attention(View<const float, 3> q, std::span<const Segment> segments,
                           const KvPages& cache, View<float, 3> y) {
  const int64_t heads = q.shape(1), D = q.shape(2), shared = heads / cache.num_heads;
  for (const Segment& s : segments) {
    workers_.reserve(shared * (s.first_position + s.num_rows));
    for_each(s.num_rows * cache.num_heads, 2 * shared * D * (s.first_position + 1),
             [&](int64_t task, int thread) {
               const int64_t row = task / cache.num_heads, kv_head = task % cache.num_heads;
               const int64_t at = ((s.first_row + row) * heads + kv_head * shared) * D;
               const HeadGroup group{.q = q.data() + at,
                                     .H = shared,
                                     .kv_head = kv_head,
                                     .count = s.first_position + row + 1,
                                     .y = y.data() + at};
               if (cache.dtype == DType::f32) {
                 attend<float>(group, s, cache, workers_.scratch(thread));
               } else {
                 attend<bfloat16>(group, s, cache, workers_.scratch(thread));
               }
             });
  }
}

}  // namespace quantrial

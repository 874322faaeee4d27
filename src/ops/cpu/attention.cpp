// Gated full attention: head split, rotary embedding, paged keys and values, causal softmax.
#include <algorithm>
#include <cmath>

#include "ops/cpu/attention_kernels.h"
#include "ops/cpu/cpu_backend.h"

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

// A block of neighbouring query rows of one segment under one key head: the H heads of each that
// share it, and positions in [0, first_position + row].
class AttentionTask {
 public:
  struct Place {
    const Segment& segment;
    int64_t first_row, num_rows;  // of the segment's
    int64_t kv_head;
  };
  AttentionTask(View<const float, 3> q, const KvPages& cache, const Place& place)
      : q_(q), cache_(cache), at_(place), H_(q.shape(1) / cache.num_heads), D_(cache.head_dim) {}

  static int64_t floats(int64_t rows, int64_t D) { return kernels::AttentionRows::floats(rows, D); }

  void run(View<float, 3> y, float* memory) const {
    const kernels::AttentionRows rows = load(memory);
    if (cache_.dtype == DType::f32) {
      attend<float>(rows);
    } else {
      attend<bfloat16>(rows);
    }
    for (int64_t r = 0; r < at_.num_rows; ++r) {
      for (int64_t h = 0; h < H_; ++h) {
        const int64_t m = r * H_ + h;
        float* to = y.data() + row_offset(r) + h * D_;
        const float factor = 1 / rows.total[m];
        for (int64_t i = 0; i < D_; ++i) to[i] = rows.y[m * D_ + i] * factor;
      }
    }
  }

 private:
  int64_t row_offset(int64_t r) const {
    const int64_t row = at_.segment.first_row + at_.first_row + r;
    return (row * q_.shape(1) + at_.kv_head * H_) * D_;
  }

  kernels::AttentionRows load(float* memory) const {
    const int64_t M = at_.num_rows * H_;
    const kernels::AttentionRows rows(M, D_, memory);
    const float scale = 1 / std::sqrt(static_cast<float>(D_));
    for (int64_t r = 0; r < at_.num_rows; ++r) {
      const float* from = q_.data() + row_offset(r);
      for (int64_t i = 0; i < H_ * D_; ++i) rows.q[r * H_ * D_ + i] = from[i] * scale;
    }
    std::fill_n(rows.y, M * D_, 0.0f);
    std::fill_n(rows.largest, M, -HUGE_VALF);
    std::fill_n(rows.total, M, 0.0f);
    return rows;
  }

  // Pages that all rows see in full, then those that each row sees up to itself. T is the cache's
  // element type.
  template <typename T>
  void attend(const kernels::AttentionRows& rows) const {
    const int64_t seen = at_.segment.first_position + at_.first_row + 1;  // by the first row
    const int64_t end = seen + at_.num_rows - 1;                          // by the last
    for (int64_t first = 0; first < end; first += page_tokens) {
      const int64_t skip = std::max<int64_t>(0, first + 1 - seen);  // rows that end before
      const bool whole = first + page_tokens <= seen;
      kernels::attend_page(
          rows.part(skip * H_, (at_.num_rows - skip) * H_),
          kernels::PagePart<T>{
              .keys = page_of<T>(cache_.keys, cache_, at_.segment, first, at_.kv_head),
              .values = page_of<T>(cache_.values, cache_, at_.segment, first, at_.kv_head),
              .stride = cache_.num_heads * D_,
              .count = whole ? page_tokens : seen + skip - first,
              .alike = whole ? rows.M : H_});
    }
  }

  View<const float, 3> q_;
  const KvPages& cache_;
  const Place& at_;
  int64_t H_, D_;
};

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
  const int64_t D = q.shape(2), H = q.shape(1) / cache.num_heads;
  // About 32 rows under a key head, 64 KB of queries and sums with heads of 256.
  const int64_t block = std::max<int64_t>(1, 32 / H);
  attention_tasks_.assign(1, 0);
  int64_t work = 0;
  for (const Segment& s : segments) {
    const int64_t blocks = (s.num_rows + block - 1) / block;
    attention_tasks_.push_back(attention_tasks_.back() + blocks * cache.num_heads);
    work += s.num_rows * (s.first_position + s.num_rows) * 2 * q.shape(1) * D;
  }
  const int64_t count = attention_tasks_.back();
  workers_.reserve(AttentionTask::floats(block * H, D));
  for_each(count, work / std::max<int64_t>(count, 1), [&](int64_t task, int thread) {
    const auto after = std::upper_bound(attention_tasks_.begin(), attention_tasks_.end(), task);
    const Segment& s = segments[static_cast<size_t>(after - attention_tasks_.begin() - 1)];
    const int64_t i = task - *(after - 1), row = i / cache.num_heads * block;
    const AttentionTask::Place place{.segment = s,
                                     .first_row = row,
                                     .num_rows = std::min(block, s.num_rows - row),
                                     .kv_head = i % cache.num_heads};
    AttentionTask(q, cache, place).run(y, workers_.scratch(thread));
  });
}

}  // namespace quantrial

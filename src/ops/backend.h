// The narrow waist: everything a backend must be able to do. model/ speaks only this; each
// operation has a textbook twin in reference.cpp. Letters: T rows (tokens) of this step, K input
// features, N output features, H heads, D head size, V vocabulary. All matrices are row-major
// float; memory named by a View belongs to the backend and is not to be touched from outside.
//
// Every sum is taken in an order fixed by the row alone: a row's result does not depend on which
// other rows share the step.
#pragma once

#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "formats/formats.h"
#include "tensor/dtype.h"
#include "tensor/view.h"

namespace quantrial {

enum class Precision : uint8_t {
  fp32,    // everything in float from the stored weights, for comparison with other implementations
  native,  // inputs of matrix products and the KV cache rounded to bfloat16, float accumulation
};

enum class ActivationMode : uint8_t {
  as_stored,  // inputs are quantized as the checkpoint prescribes (W4A4, W8A8)
  off,        // weight-only
};

// Zero-filled memory of a backend.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual void* data() const = 0;
};

// A matrix w[N,K] in the backend's own layout, made once by upload().
class DeviceWeight {
 public:
  virtual ~DeviceWeight() = default;
  virtual int64_t rows() const = 0;     // N
  virtual int64_t columns() const = 0;  // K
  virtual int64_t bytes() const = 0;
};

// Consecutive rows of a step that belong to one sequence.
struct Segment {
  int64_t first_row = 0, num_rows = 0;
  int64_t first_position = 0;        // of first_row in its sequence; its length so far
  int64_t chunked_rows = 0;          // leading rows that the delta rule takes in chunks, the others
                                     // one by one; a multiple of delta_chunk, as is first_position
  int64_t slot = 0;                  // of its recurrent state
  std::span<const int32_t> pages{};  // of its KV cache, by position / page_tokens
  bool writes_state = true;          // false: recurrent state stays as it was (drafts to verify)
};

// Rows per chunk of the chunked delta rule, and positions per page of the KV cache.
inline constexpr int64_t delta_chunk = 64;
inline constexpr int64_t page_tokens = 64;

// Keys and values of one layer: [pages, page_tokens, H_kv, D] each, bf16 or f32.
struct KvPages {
  void* keys = nullptr;
  void* values = nullptr;
  DType dtype = DType::f32;
  int64_t num_heads = 0, head_dim = 0;

  int64_t page_elements() const { return page_tokens * num_heads * head_dim; }
};

// Inputs of the delta rule, one row a token. Value head j reads key head j / (H_v / H_k).
struct DeltaInputs {
  View<const float, 3> q;     // [T, H_k, D_k], unit length times D_k^-1/2
  View<const float, 3> k;     // [T, H_k, D_k], unit length
  View<const float, 2> conv;  // [T, 2 H_k D_k + H_v D_v]: the last H_v D_v columns are v
  View<const float, 2> g;     // [T, H_v], log of the decay, <= 0
  View<const float, 2> beta;  // [T, H_v], write strength in (0, 1)
};

enum class GateKind : uint8_t { silu, sigmoid };

class Backend {
 public:
  virtual ~Backend() = default;

  // Memory. Copies are complete when the call returns.
  virtual std::unique_ptr<Memory> allocate(int64_t bytes) = 0;
  // Memory that the host can read as well, once the operation that writes it has returned.
  virtual std::unique_ptr<Memory> allocate_shared(int64_t bytes) = 0;
  virtual void copy_in(std::span<const std::byte> host, void* device) = 0;
  virtual void copy_out(const void* device, std::span<std::byte> host) = 0;
  virtual void copy(const void* from, void* to, int64_t bytes) = 0;
  virtual void fill_zero(std::span<float> numbers) = 0;
  virtual std::unique_ptr<DeviceWeight> upload(Weight weight) = 0;
  virtual DType kv_dtype() const = 0;

  // y[T,K] = rows `tokens` of table[V,K].
  virtual void embed(std::span<const int32_t> tokens, const DeviceWeight& table,
                     View<float, 2> y) = 0;
  // y[T,N] = x[T,K] w[N,K]^T, the input first quantized as w's format says.
  virtual void linear(View<const float, 2> x, const DeviceWeight& w, View<float, 2> y) = 0;
  // y[T,K] = x / sqrt(mean(x^2) + eps) * (1 + weight[K]).     Zhang & Sennrich 2019; offset weight
  virtual void rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                        View<float, 2> y) = 0;
  // y[T,D] = x / sqrt(mean(x^2) + eps) * weight[D] * gate(z[T,D]).
  virtual void gated_rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                              View<const float, 2> z, GateKind gate, View<float, 2> y) = 0;
  // y += x.
  virtual void add(View<const float, 2> x, View<float, 2> y) = 0;
  // y = silu(gate) * up.
  virtual void silu_multiply(View<const float, 2> gate, View<const float, 2> up,
                             View<float, 2> y) = 0;
  // y = y * sigmoid(gate).
  virtual void sigmoid_gate(View<const float, 2> gate, View<float, 2> y) = 0;
  // y[T, K1+K2] = [x1 | x2].
  virtual void concatenate(View<const float, 2> x1, View<const float, 2> x2, View<float, 2> y) = 0;
  // y[R,K] = rows `rows` of x[T,K].
  virtual void gather_rows(View<const float, 2> x, std::span<const int64_t> rows,
                           View<float, 2> y) = 0;

  // Full attention. x[T, H, 2D] holds per head [first | second]: both parts as [T, H, D].
  virtual void split_heads(View<const float, 3> x, View<float, 3> first, View<float, 3> second) = 0;
  // Rotates the first 2R of D in place, pairing i with i + R, by tables cos, sin [T,R].
  virtual void rope(View<const float, 2> cos, View<const float, 2> sin, View<float, 3> x) = 0;
  // Writes k, v [T, H_kv, D] to the pages of their segments' positions.
  virtual void store_kv(View<const float, 3> k, View<const float, 3> v,
                        std::span<const Segment> segments, const KvPages& cache) = 0;
  // Causal softmax attention of q[T,H,D] over the cached positions 0..own, scores / sqrt(D).
  virtual void attention(View<const float, 3> q, std::span<const Segment> segments,
                         const KvPages& cache, View<float, 3> y) = 0;

  // Gated DeltaNet (Yang et al. 2024, arXiv 2412.06464).
  // y[T,C] = silu(depthwise causal convolution), weight[C,W], tap W-1 on the current row;
  // state[slots, W-1, C] holds the rows before the segment.
  virtual void causal_conv(View<const float, 2> x, std::span<const Segment> segments,
                           View<const float, 2> weight, View<float, 3> state, View<float, 2> y) = 0;
  // From conv[T,C]: q, k [T,H_k,D_k] normalised to u / sqrt(sum u^2 + 1e-6), q times D_k^-1/2.
  virtual void delta_normalize(View<const float, 2> conv, View<float, 3> q, View<float, 3> k) = 0;
  // g[T,H_v] = -exp(A_log) softplus(a + dt_bias), beta = sigmoid(b).
  virtual void delta_gates(View<const float, 2> a, View<const float, 2> b,
                           View<const float, 1> A_log, View<const float, 1> dt_bias,
                           View<float, 2> g, View<float, 2> beta) = 0;
  // Per value head, S = state[slot, h] of [D_k, D_v]:
  //   S <- exp(g) S;  d = beta (v - S^T k);  S <- S + k d^T;  y = S^T q.
  virtual void delta_rule(const DeltaInputs& inputs, std::span<const Segment> segments,
                          View<float, 4> state, View<float, 3> y) = 0;
};

// Where weights are read from: the mapped file, or a copy in large pages that takes its place.
enum class WeightMemory : uint8_t { mapped, large_pages };

struct BackendOptions {
  Precision precision = Precision::native;
  ActivationMode activations = ActivationMode::as_stored;
  int threads = 0;  // 0: one per available core
  Pinning pinning = Pinning::none;
  WeightMemory weights = WeightMemory::mapped;
};

std::unique_ptr<Backend> make_cpu_backend(const BackendOptions& options);
// Scalar loops as the formulas read; the definition that every backend is compared with.
std::unique_ptr<Backend> make_reference_backend(const BackendOptions& options);

}  // namespace quantrial

// The textbook version of every operation: scalar loops that read as the formulas, sums in double.
// Tests compare each backend with this file; it is never used to run a model otherwise.
#include <cmath>
#include <vector>

#include "ops/host_backend.h"

namespace quantrial {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double silu(double x) { return x * sigmoid(x); }
double softplus(double x) { return x > 20 ? x : std::log1p(std::exp(x)); }

double sum_of_squares(View<const float, 1> x) {
  double sum = 0;
  for (const float v : x.span()) sum += double{v} * v;
  return sum;
}

// Element `at` of a KV pool of either type.
float load(const void* pool, DType dtype, int64_t at) {
  return dtype == DType::f32 ? static_cast<const float*>(pool)[at]
                             : to_float(static_cast<const bfloat16*>(pool)[at]);
}
void store(void* pool, DType dtype, int64_t at, float value) {
  if (dtype == DType::f32) {
    static_cast<float*>(pool)[at] = value;
  } else {
    static_cast<bfloat16*>(pool)[at] = to_bfloat16(value);
  }
}

// First element of a head at a position of a segment's sequence.
int64_t kv_offset(const KvPages& cache, const Segment& segment, int64_t position, int64_t head) {
  const int64_t page = segment.pages[static_cast<size_t>(position / page_tokens)];
  const int64_t token = page * page_tokens + position % page_tokens;
  return (token * cache.num_heads + head) * cache.head_dim;
}

class ReferenceBackend final : public HostBackend {
 public:
  using HostBackend::HostBackend;

  void embed(std::span<const int32_t> tokens, const DeviceWeight& table,
             View<float, 2> y) override {
    for (size_t t = 0; t < tokens.size(); ++t) {
      decode_row(stored(table), tokens[t], y[static_cast<int64_t>(t)].span());
    }
  }

  void linear(View<const float, 2> x, const DeviceWeight& w, View<float, 2> y) override {
    std::vector<float> input(static_cast<size_t>(x.shape(1))), row(input.size());
    for (int64_t t = 0; t < x.shape(0); ++t) {
      std::copy(x[t].span().begin(), x[t].span().end(), input.begin());
      prepare_input(input, activations(stored(w)));
      for (int64_t n = 0; n < w.rows(); ++n) {
        decode_row(stored(w), n, row);
        double sum = 0;
        for (size_t k = 0; k < row.size(); ++k) sum += double{input[k]} * row[k];
        y[t][n] = static_cast<float>(sum);
      }
    }
  }

  void rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                View<float, 2> y) override {
    for (int64_t t = 0; t < x.shape(0); ++t) {
      const double mean = sum_of_squares(x[t]) / static_cast<double>(x.shape(1));
      const double scale = 1 / std::sqrt(mean + eps);
      for (int64_t k = 0; k < x.shape(1); ++k) {
        y[t][k] = static_cast<float>(x[t][k] * scale * (1.0 + weight[k]));
      }
    }
  }

  void gated_rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                      View<const float, 2> z, GateKind gate, View<float, 2> y) override {
    for (int64_t t = 0; t < x.shape(0); ++t) {
      const double mean = sum_of_squares(x[t]) / static_cast<double>(x.shape(1));
      const double scale = 1 / std::sqrt(mean + eps);
      for (int64_t k = 0; k < x.shape(1); ++k) {
        const double gated = gate == GateKind::silu ? silu(z[t][k]) : sigmoid(z[t][k]);
        y[t][k] = static_cast<float>(x[t][k] * scale * weight[k] * gated);
      }
    }
  }

  void add(View<const float, 2> x, View<float, 2> y) override {
    for (int64_t i = 0; i < x.size(); ++i) y.data()[i] += x.data()[i];
  }

  void silu_multiply(View<const float, 2> gate, View<const float, 2> up,
                     View<float, 2> y) override {
    for (int64_t i = 0; i < y.size(); ++i) {
      y.data()[i] = static_cast<float>(silu(gate.data()[i]) * up.data()[i]);
    }
  }

  void sigmoid_gate(View<const float, 2> gate, View<float, 2> y) override {
    for (int64_t i = 0; i < y.size(); ++i) {
      y.data()[i] = static_cast<float>(y.data()[i] * sigmoid(gate.data()[i]));
    }
  }

  void concatenate(View<const float, 2> x1, View<const float, 2> x2, View<float, 2> y) override {
    for (int64_t t = 0; t < y.shape(0); ++t) {
      for (int64_t k = 0; k < x1.shape(1); ++k) y[t][k] = x1[t][k];
      for (int64_t k = 0; k < x2.shape(1); ++k) y[t][x1.shape(1) + k] = x2[t][k];
    }
  }

  void gather_rows(View<const float, 2> x, std::span<const int64_t> rows,
                   View<float, 2> y) override {
    for (size_t r = 0; r < rows.size(); ++r) {
      for (int64_t k = 0; k < x.shape(1); ++k) y[static_cast<int64_t>(r)][k] = x[rows[r]][k];
    }
  }

  void split_heads(View<const float, 3> x, View<float, 3> first, View<float, 3> second) override {
    const int64_t D = first.shape(2);
    for (int64_t t = 0; t < x.shape(0); ++t) {
      for (int64_t h = 0; h < x.shape(1); ++h) {
        for (int64_t d = 0; d < D; ++d) {
          first[t][h][d] = x[t][h][d];
          second[t][h][d] = x[t][h][D + d];
        }
      }
    }
  }

  void rope(View<const float, 2> cos, View<const float, 2> sin, View<float, 3> x) override {
    const int64_t R = cos.shape(1);
    for (int64_t t = 0; t < x.shape(0); ++t) {
      for (int64_t h = 0; h < x.shape(1); ++h) {
        for (int64_t i = 0; i < R; ++i) {
          const float a = x[t][h][i], b = x[t][h][i + R];
          x[t][h][i] = a * cos[t][i] - b * sin[t][i];
          x[t][h][i + R] = b * cos[t][i] + a * sin[t][i];
        }
      }
    }
  }

  void store_kv(View<const float, 3> k, View<const float, 3> v, std::span<const Segment> segments,
                const KvPages& cache) override {
    for (const Segment& s : segments) {
      for (int64_t i = 0; i < s.num_rows; ++i) {
        for (int64_t h = 0; h < cache.num_heads; ++h) {
          const int64_t at = kv_offset(cache, s, s.first_position + i, h);
          for (int64_t d = 0; d < cache.head_dim; ++d) {
            store(cache.keys, cache.dtype, at + d, k[s.first_row + i][h][d]);
            store(cache.values, cache.dtype, at + d, v[s.first_row + i][h][d]);
          }
        }
      }
    }
  }

  void attention(View<const float, 3> q, std::span<const Segment> segments, const KvPages& cache,
                 View<float, 3> y) override {
    for (const Segment& s : segments) {
      for (int64_t i = 0; i < s.num_rows; ++i) {
        for (int64_t h = 0; h < q.shape(1); ++h) {
          attend(q[s.first_row + i][h], s, s.first_position + i,
                 shared_head(h, q.shape(1), cache.num_heads), cache, y[s.first_row + i][h]);
        }
      }
    }
  }

  void causal_conv(View<const float, 2> x, std::span<const Segment> segments,
                   View<const float, 2> weight, View<float, 3> state, View<float, 2> y) override {
    const int64_t W = weight.shape(1), C = weight.shape(0);
    for (const Segment& s : segments) {
      // Row r of the segment's history: the W-1 rows of the state, then the segment's own.
      const auto past = state[s.slot];
      const auto row = [&](int64_t r, int64_t c) {
        return r < W - 1 ? past[r][c] : x[s.first_row + r - (W - 1)][c];
      };
      for (int64_t i = 0; i < s.num_rows; ++i) {
        for (int64_t c = 0; c < C; ++c) {
          double sum = 0;
          for (int64_t j = 0; j < W; ++j) sum += double{weight[c][j]} * row(i + j, c);
          y[s.first_row + i][c] = static_cast<float>(silu(sum));
        }
      }
      for (int64_t r = 0; s.writes_state && r < W - 1; ++r) {
        for (int64_t c = 0; c < C; ++c) past[r][c] = row(r + s.num_rows, c);
      }
    }
  }

  void delta_normalize(View<const float, 2> conv, View<float, 3> q, View<float, 3> k) override {
    const int64_t H = q.shape(1), D = q.shape(2);
    for (int64_t t = 0; t < conv.shape(0); ++t) {
      for (int64_t h = 0; h < H; ++h) {
        const View<const float, 1> u(conv[t].data() + h * D, {D});
        const View<const float, 1> w(conv[t].data() + (H + h) * D, {D});
        const double q_scale = 1 / std::sqrt(sum_of_squares(u) + 1e-6) / std::sqrt(double(D));
        const double k_scale = 1 / std::sqrt(sum_of_squares(w) + 1e-6);
        for (int64_t d = 0; d < D; ++d) {
          q[t][h][d] = static_cast<float>(u[d] * q_scale);
          k[t][h][d] = static_cast<float>(w[d] * k_scale);
        }
      }
    }
  }

  void delta_gates(View<const float, 2> a, View<const float, 2> b, View<const float, 1> A_log,
                   View<const float, 1> dt_bias, View<float, 2> g, View<float, 2> beta) override {
    for (int64_t t = 0; t < a.shape(0); ++t) {
      for (int64_t h = 0; h < a.shape(1); ++h) {
        const double step = softplus(double{a[t][h]} + dt_bias[h]);
        g[t][h] = static_cast<float>(-std::exp(double{A_log[h]}) * step);
        beta[t][h] = static_cast<float>(sigmoid(b[t][h]));
      }
    }
  }

  // Always one token at a time, in double: the definition of the chunked form too.
  void delta_rule(const DeltaInputs& in, std::span<const Segment> segments, View<float, 4> state,
                  View<float, 3> y) override {
    const int64_t H_v = y.shape(1), D_v = y.shape(2), H_k = in.q.shape(1), D_k = in.q.shape(2);
    const int64_t v_column = in.conv.shape(1) - H_v * D_v;
    for (const Segment& s : segments) {
      for (int64_t h = 0; h < H_v; ++h) {
        const int64_t key_head = shared_head(h, H_v, H_k);
        const auto stored_S = state[s.slot][h];
        std::vector<double> S(stored_S.span().begin(), stored_S.span().end());
        for (int64_t t = s.first_row; t < s.first_row + s.num_rows; ++t) {
          const View<const float, 1> v(in.conv[t].data() + v_column + h * D_v, {D_v});
          delta_step(S, in.q[t][key_head], in.k[t][key_head], v, in.g[t][h], in.beta[t][h],
                     y[t][h]);
        }
        for (int64_t i = 0; s.writes_state && i < D_k * D_v; ++i) {
          stored_S.data()[i] = static_cast<float>(S[static_cast<size_t>(i)]);
        }
      }
    }
  }

 private:
  void attend(View<const float, 1> q, const Segment& segment, int64_t position, int64_t kv_head,
              const KvPages& cache, View<float, 1> y) const {
    const int64_t D = cache.head_dim;
    std::vector<double> weight(static_cast<size_t>(position + 1));
    double largest = -INFINITY, total = 0;
    for (int64_t j = 0; j <= position; ++j) {
      const int64_t at = kv_offset(cache, segment, j, kv_head);
      double score = 0;
      for (int64_t d = 0; d < D; ++d) score += double{q[d]} * load(cache.keys, cache.dtype, at + d);
      weight[static_cast<size_t>(j)] = score / std::sqrt(double(D));
      largest = std::max(largest, weight[static_cast<size_t>(j)]);
    }
    for (double& w : weight) total += w = std::exp(w - largest);
    for (int64_t d = 0; d < D; ++d) {
      double sum = 0;
      for (int64_t j = 0; j <= position; ++j) {
        const int64_t at = kv_offset(cache, segment, j, kv_head);
        sum += weight[static_cast<size_t>(j)] * load(cache.values, cache.dtype, at + d);
      }
      y[d] = static_cast<float>(sum / total);
    }
  }

  // S[D_k,D_v] <- exp(g) S;  d = beta (v - S^T k);  S <- S + k d^T;  y = S^T q.
  static void delta_step(std::vector<double>& S, View<const float, 1> q, View<const float, 1> k,
                         View<const float, 1> v, float g, float beta, View<float, 1> y) {
    const auto D_k = static_cast<size_t>(k.size()), D_v = static_cast<size_t>(v.size());
    for (double& s : S) s *= std::exp(double{g});
    for (size_t j = 0; j < D_v; ++j) {
      double read = 0, out = 0;
      for (size_t i = 0; i < D_k; ++i) read += S[i * D_v + j] * k.data()[i];
      const double d = beta * (v.data()[j] - read);
      for (size_t i = 0; i < D_k; ++i) {
        S[i * D_v + j] += k.data()[i] * d;
        out += S[i * D_v + j] * q.data()[i];
      }
      y.data()[j] = static_cast<float>(out);
    }
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend(const BackendOptions& options) {
  return std::make_unique<ReferenceBackend>(options);
}

}  // namespace quantrial

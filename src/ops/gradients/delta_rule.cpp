// Chunk by chunk as in delta_chunk.h; a task is one sequence under one key head.
#include <algorithm>

#include "ops/gradients/delta_chunk.h"

namespace quantrial::gradients {
namespace {

// y of one value head, and S after the chunk unless it is null. read[2n, D_v]: q S0, then k S0.
void run_head(DeltaChunk& chunk, const View<float, 3>& y, float* read_memory, const float* S0,
              float* S) {
  const int64_t n = chunk.n;
  const Matrix<float> read = chunk.with_values(read_memory, 2 * n), to = chunk.values(y);
  chunk.multiply_nn(chunk.qk(), chunk.state(S0), read, Into::overwrite);
  chunk.correct(read.from_row(n, n));
  scale_rows(read, chunk.decays.start, to);
  chunk.multiply_nn(chunk.q_mixed(), chunk.d(), to, Into::add);
  if (S == nullptr) return;
  const float decay = chunk.decays.start[n - 1];
  for (int64_t i = 0; i < chunk.sizes.state(); ++i) S[i] = decay * S0[i];
  scale_rows(chunk.d(), chunk.decays.end, chunk.d());
  chunk.multiply_tn(chunk.k(), chunk.d(), chunk.state(S), Into::add);
}

}  // namespace

void delta_rule(const DeltaInputs& inputs, const DeltaSequences& of, View<float, 3> y,
                View<float, 4> states, Workers& workers) {
  const DeltaSizes sizes(inputs);
  const int64_t L = of.length, sequences = y.shape(0) / L;
  const int64_t chunks = (L + delta_chunk - 1) / delta_chunk;
  const int64_t read_floats = 2 * delta_chunk * sizes.D_v;
  const int64_t floats = DeltaChunk::scratch_floats(sizes) + read_floats;
  workers.for_each(sequences * sizes.H_k, floats, [&](int64_t task, float* memory) {
    Scratch scratch(memory);
    DeltaChunk chunk(inputs, of.factors, scratch);
    float* read = scratch.take(read_floats);
    const int64_t sequence = task / sizes.H_k, key_head = task % sizes.H_k;
    const int64_t first = key_head * sizes.shared(), last = first + sizes.shared();
    const View<float, 4> S = states.rows(sequence * chunks, chunks);
    std::fill_n(S[0][first].data(), (last - first) * S[0][first].size(), 0.0f);
    for (int64_t c = 0; c < chunks; ++c) {
      const int64_t row = c * delta_chunk;
      chunk.load(key_head, sequence * L + row, std::min(delta_chunk, L - row));
      for (int64_t h = first; h < last; ++h) {
        chunk.load_head(h);
        run_head(chunk, y, read, S[c][h].data(), c + 1 < chunks ? S[c + 1][h].data() : nullptr);
      }
    }
  });
}

}  // namespace quantrial::gradients

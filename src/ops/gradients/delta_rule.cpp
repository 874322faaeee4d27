// Chunk by chunk as in delta_chunk.h; a task is one sequence under one key head.
#include <algorithm>

#include "ops/gradients/delta_chunk.h"

namespace quantrial::gradients {
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
        chunk.run(y, read, S[c][h].data(), c + 1 < chunks ? S[c + 1][h].data() : nullptr);
      }
    }
  });
}

}  // namespace quantrial::gradients

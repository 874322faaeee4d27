#include "quantize/block_stream.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "formats/read_weight.h"
#include "model/weights.h"
#include "ops/matmul.h"
#include "quantize/calibration_pass.h"
#include "tensor/numbers.h"

namespace quantrial {
namespace {

// The bits of the largest magnitude; above infinity's for NaN.
uint32_t largest_bits(View<const float, 2> x) {
  uint32_t largest = 0;
  for (const float value : x.span()) {
    largest = std::max(largest, std::bit_cast<uint32_t>(value) & 0x7FFFFFFFu);
  }
  return largest;
}

// x[H] normed in place: x / sqrt(mean(x^2) + eps) * gain.
void norm_row(std::span<float> x, std::span<const float> gain, double eps) {
  double sum = 0;
  for (const float v : x) sum += double{v} * v;
  const auto scale = static_cast<float>(1 / std::sqrt(sum / static_cast<double>(x.size()) + eps));
  for (size_t h = 0; h < x.size(); ++h) x[h] *= scale * gain[h];
}

// The gain of a norm whose weight is stored around 0.
std::vector<float> gain(const Checkpoint& base, const std::string& norm) {
  std::vector<float> weight = base.at(norm + ".weight").floats();
  for (float& w : weight) w += 1;
  return weight;
}

// What the MTP head's block reads: fc of [embedding of the next token | hidden state], both normed.
struct MtpEntrance {
  std::vector<float> final_gain, hidden_gain, embedding_gain;  // [H]
  std::vector<float> fc;                                       // [H, 2H]
  Weight table;                                                // [V, H]
  double eps;

  MtpEntrance(const Checkpoint& base, const Plan& plan)
      : final_gain(gain(base, decoder_prefix(base) + "norm")),
        hidden_gain(gain(base, "mtp.pre_fc_norm_hidden")),
        embedding_gain(gain(base, "mtp.pre_fc_norm_embedding")),
        fc(base.at("mtp.fc.weight").floats()),
        table(read_weight(base, {}, plan.embedding)),
        eps(plan.model.rms_norm_eps) {}

  // out[L - 1, H] from the last block's hidden[L, H], normed in place, and the sequence's ids[L].
  void enter(View<float, 2> hidden, std::span<const int32_t> ids, View<float, 2> out,
             Workers& workers) const {
    const int64_t rows = out.shape(0), H = out.shape(1);
    std::vector<float> memory(static_cast<size_t>(rows * 2 * H));
    const View<float, 2> joined(memory.data(), {rows, 2 * H});
    for (int64_t t = 0; t < rows; ++t) {
      norm_row(hidden[t].span(), final_gain, eps);
      norm_row(hidden[t].span(), hidden_gain, eps);
      const std::span embedding = joined[t].span().first(static_cast<size_t>(H));
      decode_row(table, ids[static_cast<size_t>(t + 1)], embedding);
      norm_row(embedding, embedding_gain, eps);
      std::copy_n(hidden[t].data(), H, joined[t].data() + H);
    }
    multiply_nt(joined, {fc.data(), {H, 2 * H}}, out, Into::overwrite, workers);
  }
};

// Calls pass(x[T,H], L) for whole sequences in a row, about rows_a_pass rows, and stores what it
// leaves in x.
template <typename Pass>
void for_each_pass(StoredStates& states, const BlockStream::Check& check, Pass pass) {
  std::vector<float> memory;
  for (int64_t first = 0; first < states.sequences();) {
    const int64_t L = states.length(first);
    int64_t count = 0;
    while (first + count < states.sequences() && states.length(first + count) == L &&
           (count == 0 || (count + 1) * L <= rows_a_pass)) {
      ++count;
    }
    if (L == 0) {
      first += count;
      continue;
    }
    check();
    memory.resize(static_cast<size_t>(count * L * states.width()));
    const View<float, 2> x(memory.data(), {count * L, states.width()});
    for (int64_t i = 0; i < count; ++i) states.read(first + i, x.rows(i * L, L));
    pass(x, L);
    for (int64_t i = 0; i < count; ++i) states.write(first + i, x.rows(i * L, L));
    first += count;
  }
}

StatesShape shape_of(const Calibration& calibration, int64_t width, int64_t shorter) {
  StatesShape shape{{}, width};
  for (const auto& ids : calibration.sequences) {
    shape.lengths.push_back(static_cast<int64_t>(ids.size()) - shorter);
  }
  return shape;
}

}  // namespace

BlockStream::BlockStream(const Checkpoint& base, const Plan& plan, const Calibration& calibration,
                         const Scratch& scratch, Paths paths)
    : base_(base), plan_(plan), calibration_(calibration), scratch_(scratch) {
  const StatesShape shape = shape_of(calibration, plan.model.hidden_size, 0);
  on_disk_ = go_to_disk(shape.bytes() * (paths == Paths::both ? 2 : 1), scratch.available_bytes);
  original_ = make_states(shape);
  embed(calibration, *original_);
  if (paths == Paths::original) return;
  quantized_ = make_states(shape);
  embed(calibration, *quantized_);
}

std::unique_ptr<StoredStates> BlockStream::make_states(const StatesShape& shape) const {
  return on_disk_ ? states_on_disk(shape, scratch_.dir) : states_in_memory(shape);
}

void BlockStream::embed(const Calibration& calibration, StoredStates& states) const {
  const Weight table = read_weight(base_, {}, plan_.embedding);
  for (int64_t i = 0; i < states.sequences(); ++i) {
    const auto& ids = calibration.sequences[static_cast<size_t>(i)];
    std::vector<float> memory(ids.size() * static_cast<size_t>(states.width()));
    const View<float, 2> x(memory.data(), {static_cast<int64_t>(ids.size()), states.width()});
    for (size_t t = 0; t < ids.size(); ++t) {
      decode_row(table, ids[t], x[static_cast<int64_t>(t)].span());
    }
    states.write(i, x);
  }
}

std::vector<float> BlockStream::advance_original(DenseBlock& block, const Check& check) {
  const auto linears = block.linears();
  std::vector<uint32_t> largest(linears.size());  // of each input
  std::vector<size_t> reader(linears.size());     // the first Linear that reads the same input
  for (size_t i = 0; i < linears.size(); ++i) {
    while (linears[reader[i]].input != linears[i].input) ++reader[i];
  }
  std::vector<float> memory;
  for_each_pass(*original_, check, [&](View<float, 2> x, int64_t L) {
    memory.resize(static_cast<size_t>(x.size()));
    const View<float, 2> y(memory.data(), x.shape());
    block.forward({.weights = block.weights(), .inputs = {}, .sequence_length = L}, x, y,
                  [&](int64_t linear, View<const float, 2> input) {
                    const auto i = static_cast<size_t>(linear);
                    if (reader[i] == i) largest[i] = std::max(largest[i], largest_bits(input));
                  });
    std::copy(y.data(), y.data() + y.size(), x.data());
  });
  std::vector<float> absmax;
  for (size_t i = 0; i < linears.size(); ++i) {
    const uint32_t bits = largest[reader[i]];
    if (bits >= 0x7F800000u) {
      throw Error("{}: reads NaN or infinity in the calibration pass; the checkpoint is damaged",
                  linears[i].module);
    }
    absmax.push_back(round_to_bfloat16(std::bit_cast<float>(bits)));
  }
  return absmax;
}

void BlockStream::advance_quantized(DenseBlock& block, BlockWeights weights, BlockInputs inputs,
                                    const Check& check) {
  std::vector<float> memory;
  for_each_pass(*quantized_, check, [&](View<float, 2> x, int64_t L) {
    memory.resize(static_cast<size_t>(x.size()));
    const View<float, 2> y(memory.data(), x.shape());
    block.forward({.weights = weights, .inputs = inputs, .sequence_length = L}, x, y);
    std::copy(y.data(), y.data() + y.size(), x.data());
  });
}

void BlockStream::enter_mtp(ThreadPool& pool, const Check& check) {
  quantized_.reset();  // nothing asks for them any more; their place is needed
  const int64_t H = plan_.model.hidden_size;
  const MtpEntrance entrance(base_, plan_);
  std::unique_ptr<StoredStates> entered = make_states(shape_of(calibration_, H, 1));
  Workers workers(pool);
  for (int64_t i = 0; i < entered->sequences(); ++i) {
    check();
    const int64_t L = original_->length(i), rows = L - 1;
    if (rows == 0) continue;
    std::vector<float> memory(static_cast<size_t>(L * H)), out(static_cast<size_t>(rows * H));
    const View<float, 2> hidden(memory.data(), {L, H});
    original_->read(i, hidden);
    entrance.enter(hidden, calibration_.sequences[static_cast<size_t>(i)], {out.data(), {rows, H}},
                   workers);
    entered->write(i, {out.data(), {rows, H}});
  }
  original_ = std::move(entered);
}

}  // namespace quantrial

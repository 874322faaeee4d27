#include "quantize/dense_block.h"

#include <algorithm>

#include "quantize/block_parts.h"

namespace quantrial {

Tape::Tape() : memory_(std::make_unique<Memory>()) {}
Tape::~Tape() = default;
Tape::Tape(Tape&&) noexcept = default;
Tape& Tape::operator=(Tape&&) noexcept = default;

struct DenseBlock::Parts {
  Parts(const BlockReader& reader, const ModelConfig& config, std::vector<BlockLinear> names,
        MixerKind kind, ThreadPool& pool);
  gradients::Norm norm(const std::vector<float>& weight, View<const float, 2> x) const {
    return {.x = x,
            .weight = View<const float, 1>(weight.data(), {static_cast<int64_t>(weight.size())}),
            .eps = eps};
  }
  BlockPass begin(const Pass& pass, int64_t rows, Tape::Memory& memory);
  void forward(BlockPass& pass, View<const float, 2> x, View<float, 2> y) const;
  void backward(BlockPass& pass, View<const float, 2> dy) const;

  float eps;
  std::vector<BlockLinear> linears;
  std::vector<std::vector<float>> values;  // of weights
  std::vector<View<const float, 2>> weights;
  std::vector<float> input_layernorm, post_attention_layernorm;  // [H]
  std::unique_ptr<MixerPart> mixer;
  MlpPart mlp;
  Workers workers;
  Tape tape;  // of passes without backward
};

DenseBlock::Parts::Parts(const BlockReader& reader, const ModelConfig& config,
                         std::vector<BlockLinear> names, MixerKind kind, ThreadPool& pool)
    : eps(static_cast<float>(config.rms_norm_eps)),
      linears(std::move(names)),
      input_layernorm(reader.read("input_layernorm.weight", {config.hidden_size})),
      post_attention_layernorm(
          reader.read("post_attention_layernorm.weight", {config.hidden_size})),
      mixer(kind == MixerKind::full_attention ? make_full_attention(config, reader)
                                              : make_linear_attention(config, reader)),
      mlp(config, mixer->linears()),
      workers(pool) {
  for (const BlockLinear& linear : linears) {
    values.push_back(reader.read(linear.name + ".weight", {linear.rows, linear.columns}));
    weights.emplace_back(values.back().data(), std::array{linear.rows, linear.columns});
  }
}

BlockPass DenseBlock::Parts::begin(const Pass& pass, int64_t rows, Tape::Memory& memory) {
  require(pass.sequence_length > 0 && rows % pass.sequence_length == 0,
          "DenseBlock: rows are not whole sequences");
  require(pass.weights.size() == linears.size() &&
              (pass.inputs.empty() || pass.inputs.size() == linears.size()),
          "DenseBlock: not one weight and input a Linear");
  memory.rows = rows;
  memory.inputs.resize(linears.size());
  memory.quantized.resize(linears.size());
  memory.prepared.resize(linears.size());
  return {pass, linears, memory, pass.workers != nullptr ? *pass.workers : workers};
}

void DenseBlock::Parts::forward(BlockPass& pass, View<const float, 2> x, View<float, 2> y) const {
  const int64_t T = x.shape(0), H = x.shape(1);
  Buffer& normed = pass.keeps_inputs() ? pass.tape.normed : pass.tape.normed_again;
  const auto n = normed.matrix(T, H), h = pass.tape.h.matrix(T, H);
  const auto n2 = pass.tape.normed_again.matrix(T, H);
  gradients::rms_norm(norm(input_layernorm, x), n, pass.workers);
  mixer->forward(pass, n, h);
  gradients::add(x, h, pass.workers);
  gradients::rms_norm(norm(post_attention_layernorm, h), n2, pass.workers);
  mlp.forward(pass, n2, y);
  gradients::add(h, y, pass.workers);
}

void DenseBlock::Parts::backward(BlockPass& pass, View<const float, 2> dy) const {
  const int64_t T = dy.shape(0), H = dy.shape(1);
  const auto dh = pass.tape.dh.matrix(T, H);
  const auto dn = pass.tape.normed_again.matrix(T, H);  // its numbers are used up by then
  mlp.backward(pass, dy, dn);
  gradients::rms_norm_backward(norm(post_attention_layernorm, pass.tape.h.matrix(T, H)), dn, dh,
                               Into::overwrite, pass.workers);
  gradients::add(dy, dh, pass.workers);
  mixer->backward(pass, dh);
}

DenseBlock::DenseBlock(const Checkpoint& checkpoint, const ModelConfig& config,
                       const std::string& prefix, MixerKind kind, ThreadPool& pool)
    : parts_(std::make_unique<Parts>(BlockReader(checkpoint, prefix), config,
                                     block_linears(config, prefix, kind), kind, pool)) {}
DenseBlock::~DenseBlock() = default;

std::span<const BlockLinear> DenseBlock::linears() const { return parts_->linears; }
BlockWeights DenseBlock::weights() const { return parts_->weights; }

Tape& DenseBlock::own_tape() { return parts_->tape; }

std::span<float> DenseBlock::norm(const std::string& name) {
  if (name == "input_layernorm") return parts_->input_layernorm;
  require(name == "post_attention_layernorm", "DenseBlock: no such norm");
  return parts_->post_attention_layernorm;
}

void DenseBlock::forward(const Pass& pass, View<const float, 2> x, View<float, 2> y) {
  // Rows of different sequences do not meet, so a few at a time bound the memory.
  constexpr int64_t rows_at_once = 1024;
  const int64_t T = x.shape(0), L = pass.sequence_length;
  const int64_t step = std::max<int64_t>(1, rows_at_once / L) * L;
  for (int64_t t = 0; t < T; t += step) {
    const int64_t rows = std::min(step, T - t);
    BlockPass part = parts_->begin(pass, rows, *parts_->tape.memory_);
    parts_->forward(part, x.rows(t, rows), y.rows(t, rows));
  }
}

void DenseBlock::forward(const Pass& pass, View<const float, 2> x, View<float, 2> y,
                         const InputSeen& seen) {
  BlockPass whole = parts_->begin(pass, x.shape(0), *parts_->tape.memory_);
  whole.seen = &seen;
  parts_->forward(whole, x, y);
}

void DenseBlock::forward(const Pass& pass, View<const float, 2> x, View<float, 2> y, Tape& tape) {
  BlockPass whole = parts_->begin(pass, x.shape(0), *tape.memory_);
  parts_->forward(whole, x, y);
}

void DenseBlock::backward(const Pass& pass, Tape& tape, View<const float, 2> dy,
                          const GradientFound& found) {
  require(tape.memory_->rows == dy.shape(0), "DenseBlock: the tape holds another pass");
  BlockPass whole = parts_->begin(pass, dy.shape(0), *tape.memory_);
  whole.found = &found;
  parts_->backward(whole, dy);
  tape.memory_->rows = 0;  // used up
}

void DenseBlock::backward(const Pass& pass, Tape& tape, View<const float, 2> dy,
                          const Gradients& gradients) {
  require(tape.memory_->rows == dy.shape(0), "DenseBlock: the tape holds another pass");
  BlockPass whole = parts_->begin(pass, dy.shape(0), *tape.memory_);
  whole.gradients = &gradients;
  parts_->backward(whole, dy);
  tape.memory_->rows = 0;  // used up
}

void DenseBlock::mixer(const Pass& pass, View<const float, 2> n, View<float, 2> y) {
  BlockPass whole = parts_->begin(pass, n.shape(0), *parts_->tape.memory_);
  parts_->mixer->forward(whole, n, y);
}

void DenseBlock::mlp(const Pass& pass, View<const float, 2> n, View<float, 2> y) {
  BlockPass whole = parts_->begin(pass, n.shape(0), *parts_->tape.memory_);
  parts_->mlp.forward(whole, n, y);
}

}  // namespace quantrial

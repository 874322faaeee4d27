#include "model/state.h"

#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/error.h"

namespace quantrial {
namespace {

int64_t count_layers(const ModelConfig& config, MixerKind kind) {
  return std::count(config.layer_types.begin(), config.layer_types.end(), kind);
}

// Layers with keys and values: full attention, then MTP.
int64_t attention_layers(const ModelConfig& config) {
  return count_layers(config, MixerKind::full_attention) + config.mtp_num_hidden_layers;
}

// floats of one layer's recurrent state, S and the convolution's rows, for one slot
int64_t delta_elements(const ModelConfig& c) {
  return c.linear_num_value_heads * c.linear_key_head_dim * c.linear_value_head_dim;
}
int64_t conv_elements(const ModelConfig& c) {
  return (c.linear_conv_kernel_dim - 1) * c.qkv_rows();
}
int64_t speculative_elements(const ModelConfig& c, const StateLimits& limits) {
  return limits.max_speculative_rows * (c.qkv_rows() + 2 * c.linear_num_value_heads);
}

// Cuts a fresh allocation into views.
class Cutter {
 public:
  explicit Cutter(void* data) : next_(static_cast<float*>(data)) {}
  template <int Rank>
  View<float, Rank> take(std::array<int64_t, Rank> shape) {
    const View<float, Rank> view(next_, shape);
    next_ += view.size();
    return view;
  }

 private:
  float* next_;
};

}  // namespace

SequenceState::~SequenceState() { pool_.release(*this); }

int64_t StatePool::kv_bytes(const ModelConfig& config, DType kv_dtype, const StateLimits& limits) {
  return checked_product({pages_for(limits.max_tokens), page_tokens, 2 * attention_layers(config),
                          config.num_key_value_heads, config.head_dim, element_bytes(kv_dtype)});
}

int64_t StatePool::recurrent_bytes(const ModelConfig& config, const StateLimits& limits) {
  const int64_t floats =
      delta_elements(config) + conv_elements(config) + speculative_elements(config, limits);
  return checked_product(
      {4, limits.max_sequences, count_layers(config, MixerKind::linear_attention), floats});
}

StatePool::StatePool(Backend& backend, const ModelConfig& config, const StateLimits& limits)
    : backend_(backend), limits_(limits) {
  const int64_t pages = pages_for(limits.max_tokens);
  const int64_t page_elements = page_tokens * config.num_key_value_heads * config.head_dim;
  const int64_t page_bytes = page_elements * element_bytes(backend.kv_dtype());
  for (int64_t layer = 0; layer < attention_layers(config); ++layer) {
    KvPages kv{.dtype = backend.kv_dtype(),
               .num_heads = config.num_key_value_heads,
               .head_dim = config.head_dim};
    kv.keys = memory_.emplace_back(backend.allocate(pages * page_bytes))->data();
    kv.values = memory_.emplace_back(backend.allocate(pages * page_bytes))->data();
    kv_.push_back(kv);
  }
  const int64_t slots = limits.max_sequences;
  const int64_t rows = slots * limits.max_speculative_rows;
  const int64_t heads = config.linear_num_value_heads;
  const int64_t linear_layers = count_layers(config, MixerKind::linear_attention);
  for (int64_t layer = 0; layer < linear_layers; ++layer) {
    const int64_t bytes = recurrent_bytes(config, limits) / linear_layers;
    Cutter cut(memory_.emplace_back(backend.allocate(bytes))->data());
    recurrent_.push_back(
        cut.take<4>({slots, heads, config.linear_key_head_dim, config.linear_value_head_dim}));
    conv_.push_back(cut.take<3>({slots, config.linear_conv_kernel_dim - 1, config.qkv_rows()}));
    speculative_.push_back({.qkv = cut.take<2>({rows, config.qkv_rows()}),
                            .a = cut.take<2>({rows, heads}),
                            .b = cut.take<2>({rows, heads})});
  }
  for (int64_t i = pages; i-- > 0;) free_pages_.push_back(static_cast<int32_t>(i));
  for (int64_t i = slots; i-- > 0;) free_slots_.push_back(static_cast<int32_t>(i));
  page_users_.resize(static_cast<size_t>(pages));
}

std::unique_ptr<SequenceState> StatePool::create() {
  require(!free_slots_.empty(), "StatePool::create needs a free slot");
  const int64_t slot = free_slots_.back();
  free_slots_.pop_back();
  for (size_t layer = 0; layer < recurrent_.size(); ++layer) {
    backend_.fill_zero(recurrent_[layer][slot].span());
    backend_.fill_zero(conv_[layer][slot].span());
  }
  return std::unique_ptr<SequenceState>(new SequenceState(*this, slot));
}

std::unique_ptr<SequenceState> StatePool::fork(const SequenceState& source) {
  require(!free_slots_.empty(), "StatePool::fork needs a free slot");
  const int64_t slot = free_slots_.back();
  free_slots_.pop_back();
  auto copy = std::unique_ptr<SequenceState>(new SequenceState(*this, slot));
  for (size_t layer = 0; layer < recurrent_.size(); ++layer) {
    const auto copy_slot = [&](const auto& from, const auto& to) {
      backend_.copy(from.data(), to.data(), from.size() * 4);
    };
    copy_slot(recurrent_[layer][source.slot_], recurrent_[layer][slot]);
    copy_slot(conv_[layer][source.slot_], conv_[layer][slot]);
  }
  const int64_t shared = source.length_ / page_tokens;
  for (int64_t i = 0; i < shared; ++i) {
    const int32_t page = source.pages_[static_cast<size_t>(i)];
    ++page_users_[static_cast<size_t>(page)];
    copy->pages_.push_back(page);
  }
  copy->length_ = shared * page_tokens;
  if (source.length_ % page_tokens != 0) {
    require(reserve(*copy, source.length_), "StatePool::fork needs a free page");
    const auto copy_page = [&](const KvPages& kv, void* base) {
      const int64_t bytes = kv.page_elements() * element_bytes(kv.dtype);
      auto* start = static_cast<std::byte*>(base);
      backend_.copy(start + bytes * source.pages_[static_cast<size_t>(shared)],
                    start + bytes * copy->pages_.back(), bytes);
    };
    for (const KvPages& kv : kv_) {
      copy_page(kv, kv.keys);
      copy_page(kv, kv.values);
    }
    copy->length_ = source.length_;
  }
  return copy;
}

int64_t StatePool::unshared_pages(const SequenceState& sequence) const {
  return std::ranges::count_if(
      sequence.pages_, [&](int32_t page) { return page_users_[static_cast<size_t>(page)] == 1; });
}

bool StatePool::reserve(SequenceState& sequence, int64_t length) {
  const int64_t missing = pages_for(length) - static_cast<int64_t>(sequence.pages_.size());
  if (missing > free_pages()) return false;
  for (int64_t i = 0; i < missing; ++i) {
    const int32_t page = free_pages_.back();
    free_pages_.pop_back();
    page_users_[static_cast<size_t>(page)] = 1;
    sequence.pages_.push_back(page);
  }
  return true;
}

void StatePool::release(SequenceState& sequence) {
  for (const int32_t page : sequence.pages_) {
    if (--page_users_[static_cast<size_t>(page)] == 0) free_pages_.push_back(page);
  }
  free_slots_.push_back(static_cast<int32_t>(sequence.slot_));
}

}  // namespace quantrial

// A language model that runs on any backend. The engine talks to this; models.cpp lists the
// architectures.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "model/config.h"
#include "model/state.h"
#include "ops/backend.h"

namespace quantrial {

// How NVFP4 matrices that engines fuse (q|k|v, gate|up, in_proj_qkv|z, in_proj_b|a) use their
// second-level scales (formats.md E.1).
enum class Nvfp4GlobalScale : uint8_t {
  as_written,  // each its own
  fused_max,   // the largest divisor of the group, as vLLM and SGLang load them
};

// How the output matrix is kept.
enum class HeadStorage : uint8_t {
  as_stored,
  fp8,  // a 16- or 32-bit one rounded at load to E4M3 with a multiplier per 128 x 128 block
};

struct ModelOptions {
  int64_t max_batch_tokens = 256;  // rows of one forward(); a multiple of delta_chunk
  Nvfp4GlobalScale nvfp4_global_scale = Nvfp4GlobalScale::as_written;
  HeadStorage head = HeadStorage::as_stored;
};

// What one forward() does for one sequence.
struct SequenceInput {
  SequenceState* state = nullptr;   // reserve()d for length() + tokens.size()
  std::span<const int32_t> tokens;  // follow the state's length()
  int64_t chunked_tokens = 0;       // leading tokens to run in chunks: a multiple of delta_chunk
                                    // that starts at one; 0: all one by one
  bool speculative = false;         // drafts: the state waits for settle(); at most
                                    // StateLimits::max_speculative_rows tokens
};

// One row of the MTP head: the hidden state of a position with the token that follows it.
struct MtpInput {
  SequenceState* state = nullptr;        // reserve()d for first_position + next_tokens.size()
  int64_t first_hidden_row = 0;          // in the source of hidden states below
  int64_t first_position = 0;            // of that row
  std::span<const int32_t> next_tokens;  // next_tokens[i] stands at first_position + i + 1
};

enum class MtpSource : uint8_t {
  model,  // hidden() of the last forward(): the first draft
  mtp,    // mtp_hidden() of the last mtp_forward(): further drafts
};

// What a model keeps in memory, in bytes.
struct ModelBytes {
  int64_t weights = 0;       // all matrices as stored, vectors, embedding and head
  int64_t per_token = 0;     // weights read for one decoded token (without the embedding table)
  int64_t head = 0;          // of those: the output matrix's
  int64_t rounded_head = 0;  // of the weights: an output matrix made at load (HeadStorage::fp8),
                             // beside the embedding where they are tied
  int64_t mtp = 0;           // of the weights: the MTP head's
  int64_t activations = 0;   // workspace
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelConfig& config() const = 0;
  virtual const ModelOptions& options() const = 0;
  virtual ModelBytes bytes() const = 0;
  virtual bool has_mtp() const = 0;
  virtual std::unique_ptr<StatePool> make_state_pool(const StateLimits& limits) = 0;

  // Runs the rows of all inputs, in order, through the layers; at most max_batch_tokens. Settled
  // states grow by their tokens; speculative ones wait for settle(). Rows are counted from 0 over
  // the inputs' tokens in order.
  virtual void forward(StatePool& pool, std::span<const SequenceInput> inputs) = 0;
  // After forward() of speculative inputs: keeps the first keep[i] tokens of inputs[i], in every
  // layer, and forgets the others. Bit for bit what forward() of those tokens alone would leave.
  virtual void settle(StatePool& pool, std::span<const SequenceInput> inputs,
                      std::span<const int64_t> keep) = 0;
  // Hidden states after the final norm, [T, hidden_size], valid until the next forward(); backend
  // memory.
  virtual View<const float, 2> hidden() const = 0;
  // Logits [rows.size(), vocab_size] of rows of hidden(), in host memory until the next call of
  // logits() or mtp_logits(). At most max_batch_tokens rows.
  virtual View<const float, 2> logits(std::span<const int64_t> rows) = 0;

  // The MTP head (model.md section 2, "MTP"). Overwrites its keys and values at those positions.
  virtual void mtp_forward(StatePool& pool, std::span<const MtpInput> inputs, MtpSource source) = 0;
  virtual View<const float, 2> mtp_hidden() const = 0;
  virtual View<const float, 2> mtp_logits(std::span<const int64_t> rows) = 0;
};

// Opens the checkpoint in `dir`. Throws Error naming what is wrong with it. The backend must
// outlive the model.
std::unique_ptr<Model> load_model(const std::filesystem::path& dir, Backend& backend,
                                  const ModelOptions& options = {});

}  // namespace quantrial

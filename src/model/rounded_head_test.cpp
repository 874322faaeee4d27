// HeadStorage::fp8: logits from the output matrix rounded as formats.md A.2 says, everything else
// as it was.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "tests/oracle.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// tiny/text, whose own head goes unread where config.json ties it to the embedding.
class TinyText {
 public:
  explicit TinyText(const char* tied) {
    auto config = oracle::json("tiny/text/config.json");
    config["tie_word_embeddings"] = std::string(tied) == "tied";
    std::ofstream(folder_ / "config.json") << config.dump();
    fs::create_symlink(oracle::folder("tiny/text/model.safetensors"),
                       folder_ / "model.safetensors");
  }
  std::unique_ptr<Model> load(HeadStorage head) {
    return load_model(folder_.path(), *backend_, {.head = head});
  }

 private:
  const TemporaryFolder folder_;
  std::unique_ptr<Backend> backend_ = make_cpu_backend({.precision = Precision::fp32});
};

// Hugging Face's fp8: s = 448 / absmax of a block of 128 x 128, code = e4m3(w s), value = code / s.
std::vector<float> rounded(const StoredTensor& matrix) {
  const int64_t N = matrix.shape[0], K = matrix.shape[1];
  std::vector<float> w = matrix.floats();
  for (int64_t n0 = 0; n0 < N; n0 += 128) {
    for (int64_t k0 = 0; k0 < K; k0 += 128) {
      const auto for_block = [&](const auto& task) {
        for (int64_t n = n0; n < std::min(N, n0 + 128); ++n) {
          for (int64_t k = k0; k < std::min(K, k0 + 128); ++k) {
            task(w[static_cast<size_t>(n * K + k)]);
          }
        }
      };
      float absmax = 0;
      for_block([&](float v) { absmax = std::max(absmax, std::abs(v)); });
      const float scale = 1 / absmax * 448, multiplier = 1 / scale;  // as torch divides
      for_block([&](float& v) { v = to_float(to_float8_e4m3(v * scale)) * multiplier; });
    }
  }
  return w;
}

// Logits of the last of three tokens and the hidden state that they come from.
struct Predicted {
  std::vector<float> logits, hidden;
};
Predicted predict(Model& model) {
  const auto pool = model.make_state_pool({.max_sequences = 1, .max_tokens = 64});
  const auto state = pool->create();
  EXPECT_TRUE(pool->reserve(*state, 3));
  const std::vector<int32_t> tokens = {5, 300, 17};
  const SequenceInput input{.state = state.get(), .tokens = tokens};
  model.forward(*pool, std::span(&input, 1));
  const int64_t last = 2;
  const auto hidden = model.hidden()[last].span();
  const auto logits = model.logits(std::span(&last, 1)).span();
  return {{logits.begin(), logits.end()}, {hidden.begin(), hidden.end()}};
}

void expect_rounded_head(const char* tied, const char* matrix) {
  TinyText text(tied);
  const auto plain = text.load(HeadStorage::as_stored), model = text.load(HeadStorage::fp8);
  const Predicted before = predict(*plain), after = predict(*model);
  EXPECT_EQ(before.hidden, after.hidden) << "the embedding stays as stored";
  const Checkpoint checkpoint(oracle::folder("tiny/text"));
  const std::vector<float> w = rounded(checkpoint.at(matrix));
  const size_t K = after.hidden.size();
  ASSERT_EQ(w.size(), K * after.logits.size());
  double largest = 0, error = 0, change = 0;
  for (size_t n = 0; n < after.logits.size(); ++n) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double{after.hidden[k]} * w[n * K + k];
    largest = std::max(largest, std::abs(sum));
    error = std::max(error, std::abs(sum - after.logits[n]));
    change = std::max(change, std::abs(double{before.logits[n]} - after.logits[n]));
  }
  EXPECT_LE(error, tolerance::operation * largest);
  EXPECT_GT(change, 0);
}

TEST(RoundedHead, OfItsOwnMatrix) { expect_rounded_head("untied", "lm_head.weight"); }
TEST(RoundedHead, OfTheEmbedding) { expect_rounded_head("tied", "model.embed_tokens.weight"); }

// A code each in place of two bytes, and a multiplier per block; a tied head is a copy.
TEST(RoundedHead, CountsItsBytes) {
  for (const char* tied : {"untied", "tied"}) {
    TinyText text(tied);
    const auto model = text.load(HeadStorage::fp8);
    const ModelBytes before = text.load(HeadStorage::as_stored)->bytes(), after = model->bytes();
    const int64_t V = model->config().vocab_size, H = model->config().hidden_size;
    const int64_t matrix = 2 * V * H, rounded = V * H + 4 * ((V + 127) / 128) * ((H + 127) / 128);
    EXPECT_EQ(before.head, matrix);
    EXPECT_EQ(before.rounded_head, 0);
    EXPECT_EQ(after.head, rounded);
    EXPECT_EQ(after.rounded_head, rounded);
    EXPECT_EQ(after.per_token - before.per_token, rounded - matrix);
    const bool is_copy = std::string(tied) == "tied";
    EXPECT_EQ(after.weights - before.weights, is_copy ? rounded : rounded - matrix) << tied;
  }
}

}  // namespace
}  // namespace quantrial

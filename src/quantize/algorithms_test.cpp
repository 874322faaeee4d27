// Every algorithm on one small block: how it can be interrupted.
#include "quantize/algorithms.h"

#include <gtest/gtest.h>

#include "quantize/hidden_states.h"
#include "tests/oracle.h"
#include "tests/random_weights.h"

namespace quantrial {
namespace {

struct Ended {};  // what an observer throws

class Algorithms : public testing::TestWithParam<Method> {
 protected:
  static constexpr int64_t L = 32;

  Algorithms() {
    Random random(1);
    for (int64_t i = 0; i < states_->sequences(); ++i) {
      const std::vector<float> x = random.floats(L * config_.hidden_size);
      states_->write(i, {x.data(), {L, config_.hidden_size}});
    }
    for (LinearTarget& target : targets_) target.codec = Int4Codec{.group_size = 32};
  }

  // Ends the run at call `last` of `check`; returns how many there were.
  int checks(int last) {
    int calls = 0;
    const BlockTask task{.block = block_,
                         .targets = targets_,
                         .inputs = *states_,
                         .outputs = *states_,
                         .pool = pool_,
                         .check = [&] {
                           if (++calls == last) throw Ended();
                         }};
    make_algorithm(GetParam(), {.iters = 2, .batch = 2, .grid = 2})->quantize(task);
    return calls;
  }

  ThreadPool pool_{2};
  const Checkpoint checkpoint_{oracle::folder("tiny/text")};
  const ModelConfig config_ = read_model_config(oracle::folder("tiny/text"));
  DenseBlock block_{checkpoint_, config_, "model.layers.3.", MixerKind::full_attention, pool_};
  std::unique_ptr<StoredStates> states_ =
      states_in_memory({std::vector<int64_t>(4, L), config_.hidden_size});
  std::vector<LinearTarget> targets_ = std::vector<LinearTarget>(block_.linears().size());
};

TEST_P(Algorithms, EndWhereACheckThrows) {
  const int all = checks(0);
  EXPECT_GE(all, static_cast<int>(targets_.size()));  // every Linear, and passes besides
  for (const int last : {1, all / 2, all}) EXPECT_THROW(checks(last), Ended) << last;
}

INSTANTIATE_TEST_SUITE_P(All, Algorithms,
                         testing::Values(Method::awq, Method::gptq, Method::auto_round));

}  // namespace
}  // namespace quantrial

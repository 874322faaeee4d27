// What batching, cutting, verifying drafts and forking must never do: change a bit, on any
// instruction set.
#include <gtest/gtest.h>

#include "tests/instruction_sets.h"
#include "tests/oracle.h"

namespace quantrial {
namespace {

class ModelState : public EachInstructionSet {
 protected:
  ModelState() : tokens_(oracle::prompt("p150")) {}

  std::unique_ptr<SequenceState> start(int64_t room = 256) {
    auto state = pool_->create();
    EXPECT_TRUE(pool_->reserve(*state, room));
    return state;
  }
  // Logits after the last of `count` tokens from `first` on.
  std::vector<float> feed(SequenceState& state, int64_t first, int64_t count, int64_t chunked = 0) {
    const SequenceInput input{
        .state = &state, .tokens = slice(first, count), .chunked_tokens = chunked};
    model_->forward(*pool_, std::span(&input, 1));
    return last_logits(count - 1);
  }
  std::span<const int32_t> slice(int64_t first, int64_t count) const {
    return std::span(tokens_).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  }
  std::vector<float> last_logits(int64_t row) {
    const auto logits = model_->logits(std::span(&row, 1));
    return {logits.span().begin(), logits.span().end()};
  }

  std::vector<int32_t> tokens_;
  std::unique_ptr<Backend> backend_ = make_cpu_backend({.precision = Precision::native});
  std::unique_ptr<Model> model_ = load_model(oracle::folder("tiny/text"), *backend_);
  std::unique_ptr<StatePool> pool_ =
      model_->make_state_pool({.max_sequences = 4, .max_tokens = 1024});
};

INSTANTIATE_TEST_SUITE_P(On, ModelState, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

TEST_P(ModelState, CutsAtMultiplesOfTheChunkChangeNothing) {
  const auto whole = start(), cut = start();
  const auto expected = feed(*whole, 0, 150, 128);
  feed(*cut, 0, 64, 64);
  feed(*cut, 64, 64, 64);
  feed(*cut, 128, 3);
  EXPECT_EQ(feed(*cut, 131, 19), expected);
}

TEST_P(ModelState, AnotherSequenceInTheStepChangesNothing) {
  const auto alone = start(), first = start(), second = start();
  feed(*alone, 0, 70, 64);
  const auto expected = feed(*alone, 70, 1);
  feed(*second, 30, 9);
  feed(*first, 0, 70, 64);
  const std::vector<SequenceInput> both = {{.state = second.get(), .tokens = slice(40, 5)},
                                           {.state = first.get(), .tokens = slice(70, 1)}};
  model_->forward(*pool_, both);
  EXPECT_EQ(last_logits(5), expected);
}

TEST_P(ModelState, SettlingDraftsLeavesWhatPlainDecodingWould) {
  for (const int64_t keep : {1, 2, 3, 4}) {
    const auto plain = start(), speculative = start();
    feed(*plain, 0, 66, 64);
    feed(*speculative, 0, 66, 64);
    for (int64_t i = 0; i < keep; ++i) feed(*plain, 66 + i, 1);
    const SequenceInput drafts{
        .state = speculative.get(), .tokens = slice(66, 4), .speculative = true};
    model_->forward(*pool_, std::span(&drafts, 1));
    EXPECT_EQ(speculative->length(), 66) << "drafts wait";
    model_->settle(*pool_, std::span(&drafts, 1), std::span(&keep, 1));
    EXPECT_EQ(speculative->length(), 66 + keep);
    EXPECT_EQ(feed(*speculative, 100, 1), feed(*plain, 100, 1)) << keep;
  }
}

TEST_P(ModelState, VerifiedRowsHaveTheLogitsOfPlainDecoding) {
  const auto plain = start(), speculative = start();
  feed(*plain, 0, 5);
  feed(*speculative, 0, 5);
  const SequenceInput drafts{
      .state = speculative.get(), .tokens = slice(5, 4), .speculative = true};
  std::vector<std::vector<float>> expected;
  for (int64_t i = 0; i < 4; ++i) expected.push_back(feed(*plain, 5 + i, 1));
  model_->forward(*pool_, std::span(&drafts, 1));
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(last_logits(i), expected[static_cast<size_t>(i)]) << i;
}

TEST_P(ModelState, ForkContinuesAsItsSourceAndApartFromIt) {
  const auto source = start();
  feed(*source, 0, 100, 64);
  const auto fork = pool_->fork(*source);
  ASSERT_TRUE(pool_->reserve(*fork, 200));
  const auto other = pool_->fork(*source);
  ASSERT_TRUE(pool_->reserve(*other, 200));
  feed(*other, 7, 40);  // must not disturb the two
  const auto expected = feed(*source, 100, 20);
  EXPECT_EQ(feed(*fork, 100, 20), expected);
}

TEST_P(ModelState, PagesComeBack) {
  const int64_t pages = pool_->free_pages(), slots = pool_->free_slots();
  {
    const auto a = start(200);
    feed(*a, 0, 150, 128);
    const auto b = pool_->fork(*a);
    EXPECT_EQ(pool_->free_slots(), slots - 2);
    EXPECT_FALSE(pool_->reserve(*b, 100'000));
  }
  EXPECT_EQ(pool_->free_pages(), pages);
  EXPECT_EQ(pool_->free_slots(), slots);
}

TEST_P(ModelState, ThreadsChangeNothing) {
  const auto state = start();
  const auto expected = feed(*state, 0, 150, 128);
  const auto backend = make_cpu_backend({.precision = Precision::native, .threads = 3});
  const auto model = load_model(oracle::folder("tiny/text"), *backend);
  const oracle::Run run = oracle::run_prompt(*model, tokens_);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), run.logits.row(149).begin()));
}

}  // namespace
}  // namespace quantrial

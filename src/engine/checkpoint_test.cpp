// The engine on the tiny checkpoint of tests/oracles: transformers' greedy continuations, the
// drafts of the MTP reference, and equality of everything with everything.
#include "tensor/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "engine/engine.h"
#include "engine/memory_plan.h"
#include "tests/oracle.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

const fs::path tiny = oracle::folder("tiny");
const std::vector<std::string> prompt_names = {"p1", "p7", "p64", "p150"};

// tiny/text with the mtp.* tensors of another file.
class CheckpointWithMtp {
 public:
  explicit CheckpointWithMtp(const std::string& name) {
    for (const char* file : {"config.json", "generation_config.json"}) {
      fs::copy_file(tiny / "text" / file, folder_ / file, fs::copy_options::overwrite_existing);
    }
    const Checkpoint text(tiny / "text");
    const SafetensorsFile mtp(tiny / (name + ".safetensors"));
    std::vector<TensorToWrite> tensors;
    const auto add = [&](const StoredTensor& t) {
      tensors.push_back({t.name, t.dtype, t.shape,
                         [&t] { return std::vector<std::byte>(t.bytes.begin(), t.bytes.end()); }});
    };
    for (const auto& [tensor_name, tensor] : text.tensors()) {
      if (!tensor_name.starts_with("mtp.")) add(*tensor);
    }
    for (const StoredTensor& tensor : mtp.tensors()) add(tensor);
    write_safetensors(folder_ / "model.safetensors", tensors);
  }
  const fs::path& dir() const { return folder_.path(); }

 private:
  const TemporaryFolder folder_;
};

struct Loaded {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
};

Loaded load(const fs::path& dir, Precision precision, int64_t max_batch_tokens = 256,
            int threads = 2) {
  Loaded loaded;
  loaded.backend = make_cpu_backend({.precision = precision, .threads = threads});
  loaded.model = load_model(dir, *loaded.backend, {.max_batch_tokens = max_batch_tokens});
  return loaded;
}

std::vector<Result> run(const Loaded& loaded, const EngineOptions& options,
                        std::vector<Request> requests) {
  Engine engine(*loaded.model, nullptr, options);
  return generate(engine, std::move(requests));
}

Request greedy(const std::string& prompt_name, int64_t max_tokens) {
  Request request;
  request.prompt = oracle::prompt(prompt_name);
  request.sampling.temperature = 0;
  request.max_tokens = max_tokens;
  request.end_of_text = EndOfText::is_ignored;
  return request;
}

TEST(EngineOnCheckpoint, GreedyContinuationsAreThoseOfTransformers) {
  const Loaded loaded = load(tiny / "text", Precision::fp32);
  const auto refs = oracle::json("tiny/refs.json");
  std::vector<Request> requests;
  for (const auto& name : prompt_names) requests.push_back(greedy(name, 32));
  const auto results = run(loaded, {.max_sequences = 4, .max_tokens = 1024}, requests);
  for (size_t i = 0; i < prompt_names.size(); ++i) {
    const auto& ref = refs[prompt_names[i]];
    const auto margins = ref["greedy_top1_top2_margin"].get<std::vector<double>>();
    const auto expected = ref["greedy"].get<std::vector<int32_t>>();
    for (size_t t = 0; t < expected.size() && margins[t] > tolerance::greedy_margin; ++t) {
      ASSERT_EQ(results[i].tokens[t], expected[t]) << prompt_names[i] << " token " << t;
    }
  }
}

// Same drafts and as many accepted, round by round, as long as no margin is below the tolerance.
void expect_reference_rounds(const std::string& name) {
  const CheckpointWithMtp checkpoint(name);
  const Loaded loaded = load(checkpoint.dir(), Precision::fp32);
  const auto refs = oracle::json("tiny/" + name + "_ref.json");
  for (const auto& prompt_name : prompt_names) {
    const auto rounds = refs[prompt_name]["rounds"];
    size_t round = 0;
    Request request = greedy(prompt_name, 40);
    request.draft_tokens = 3;
    request.on_draft_round = [&](const DraftRound& ours) {
      if (round >= rounds.size()) return;
      const auto& ref = rounds[round++];
      // Theirs counts the tokens before the bonus token, ours those that the drafts follow.
      EXPECT_EQ(ours.confirmed_tokens, ref["confirmed"].get<int64_t>() + 1);
      const auto margins = ref["margins"].get<std::vector<double>>();
      for (size_t i = 0; i < 3; ++i) {
        if (margins[i] < tolerance::greedy_margin) break;
        EXPECT_EQ(ours.drafts[i], ref["drafts"][i].get<int32_t>())
            << prompt_name << " round " << round << " draft " << i;
      }
      EXPECT_EQ(ours.accepted, ref["accepted"].get<int64_t>()) << prompt_name << " " << round;
    };
    run(loaded, {.max_tokens = 1024, .max_draft_tokens = 3}, {request});
    EXPECT_EQ(round, rounds.size()) << prompt_name;
  }
}

TEST(EngineOnCheckpoint, DraftsOfThePartlyTrainedHead) { expect_reference_rounds("mtp_partial"); }
TEST(EngineOnCheckpoint, DraftsOfTheOverfittedHead) { expect_reference_rounds("mtp_overfit"); }

std::vector<Request> mixed_requests(int64_t draft_tokens) {
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 12; ++i) {
    Request request = greedy(prompt_names[i % 4], 24 + static_cast<int64_t>(i));
    if (i >= 8) request.prompt.resize(std::min<size_t>(request.prompt.size(), 60 + i));
    if (i % 3 != 0) request.sampling = {.top_k = 20, .top_p = 0.95, .seed = i};
    if (i % 4 == 1) request.sampling.repetition_penalty = 1.2;
    request.draft_tokens = draft_tokens;
    requests.push_back(std::move(request));
  }
  return requests;
}

struct Variation {
  const char* name;
  int64_t max_batch_tokens;
  EngineOptions engine;
  int64_t draft_tokens;
  int threads;
};

class EngineVariations : public testing::TestWithParam<Precision> {};

TEST_P(EngineVariations, DoNotChangeAToken) {
  const CheckpointWithMtp checkpoint("mtp_partial");
  const auto run_with = [&](const Variation& v) {
    const Loaded loaded = load(checkpoint.dir(), GetParam(), v.max_batch_tokens, v.threads);
    return run(loaded, v.engine, mixed_requests(v.draft_tokens));
  };
  const auto alone = run_with({"alone", 256, {1, 1024, 0}, 0, 1});
  for (const Variation& v : {Variation{"drafts 1", 256, {1, 1024, 1}, 1, 2},
                             Variation{"drafts 2", 256, {1, 1024, 2}, 2, 2},
                             Variation{"drafts 3", 256, {1, 1024, 3}, 3, 2},
                             Variation{"batched", 256, {12, 4096, 0}, 0, 2},
                             Variation{"small steps", 64, {5, 4096, 3}, 3, 3},
                             Variation{"preempted", 128, {6, 512, 3}, 3, 2}}) {
    const auto results = run_with(v);
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(results[i].tokens, alone[i].tokens) << v.name << ", request " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, EngineVariations,
                         testing::Values(Precision::fp32, Precision::native), [](const auto& test) {
                           return test.param == Precision::fp32 ? "fp32" : "native";
                         });

TEST(EngineOnCheckpoint, DraftsWithoutMtpAreRefused) {
  const TemporaryFolder folder;
  const fs::path& dir = folder.path();
  fs::copy_file(tiny / "text/config.json", dir / "config.json",
                fs::copy_options::overwrite_existing);
  const Checkpoint text(tiny / "text");
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, tensor] : text.tensors()) {
    const StoredTensor* t = tensor;
    if (name.starts_with("mtp.")) continue;
    tensors.push_back({t->name, t->dtype, t->shape,
                       [t] { return std::vector<std::byte>(t->bytes.begin(), t->bytes.end()); }});
  }
  write_safetensors(dir / "model.safetensors", tensors);
  const Loaded loaded = load(dir, Precision::fp32);
  EXPECT_THROW(run(loaded, {.max_draft_tokens = 1}, {}), Error);
  EXPECT_NO_THROW(run(loaded, {.max_tokens = 1024}, {greedy("p7", 4)}));
}

TEST(EngineOnCheckpoint, AMemoryPlanIsWhatThePoolTakes) {
  const Loaded loaded = load(tiny / "text", Precision::native);
  const MemoryPlan plan =
      plan_memory(loaded.model->config(), loaded.model->bytes(), loaded.backend->kv_dtype(),
                  {.concurrency = 3, .draft_tokens = 3}, int64_t{4} << 30);
  EXPECT_EQ(plan.context_tokens, 4096);
  Engine engine(*loaded.model, nullptr, plan.engine);
  EXPECT_EQ(engine.context_tokens(), 4096);
}

}  // namespace
}  // namespace quantrial

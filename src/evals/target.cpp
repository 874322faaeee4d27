#include "evals/target.h"

#include "base/error.h"
#include "evals/benchmark_runs.h"
#include "evals/endpoint_answerer.h"
#include "evals/local_answerer.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

class LocalEvalTarget : public EvalTarget {
 public:
  explicit LocalEvalTarget(LocalTarget local) : local_(std::move(local)) {}

  GenerationDefaults defaults() const override { return read_generation_defaults(dir()); }

  Answerer& open() override {
    if (answerer_) return *answerer_;
    tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(dir()));
    chat_template_ = ChatTemplate::find(dir());
    open_ = std::make_unique<OpenModel>(open_model(local_.model));
    const MemoryPlan plan = open_->plan({.concurrency = local_.concurrency,
                                         .context_tokens = local_.context,
                                         .draft_tokens = local_.draft_tokens});
    if (local_.planned) local_.planned(plan);
    engine_ = std::make_unique<Engine>(*open_->model, tokenizer_.get(), plan.engine);
    answerer_ = std::make_unique<LocalAnswerer>(
        *engine_, *tokenizer_, chat_template_,
        LocalAnswerer::Options{.concurrency = local_.concurrency,
                               .draft_tokens = local_.draft_tokens,
                               .fingerprint = fingerprint(local_.model)});
    return *answerer_;
  }

  std::string name() const override { return fs::canonical(dir()).filename().string(); }

  std::string summary() const override {
    const EngineCounters& c = engine_->counters();
    const double steps = static_cast<double>(std::max<int64_t>(c.steps, 1));
    const double seconds = std::max(c.step_ms / 1000, 1e-9);
    return fmt::format(
        "engine: {} tokens in {} steps, {:.1f} a step, and {} rows of prompts; {:.2f} s in steps, "
        "{:.2f} s of them between forward passes, {:.0f} tok/s",
        c.generated_tokens, c.steps, static_cast<double>(c.generated_tokens) / steps, c.prompt_rows,
        seconds, c.scheduling_ms / 1000, static_cast<double>(c.generated_tokens) / seconds);
  }

 private:
  const fs::path& dir() const { return local_.model.dir; }

  LocalTarget local_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  std::unique_ptr<OpenModel> open_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LocalAnswerer> answerer_;
};

class ServedEvalTarget : public EvalTarget {
 public:
  explicit ServedEvalTarget(ServedTarget served)
      : served_(std::move(served)), addresses_(parse_addresses(served_.addresses)) {}

  GenerationDefaults defaults() const override { return recommended_sampling(); }

  Answerer& open() override {
    if (answerer_) return *answerer_;
    if (served_.tokenizer) {
      model_text_ = std::make_unique<ModelText>(ModelText::load(*served_.tokenizer));
    }
    model_ = find_served_model({.addresses = addresses_,
                                .wanted = served_.model,
                                .http = served_.http,
                                .retry = served_.retry,
                                .stopped = served_.stopped,
                                .note = served_.note});
    answerer_ =
        std::make_unique<EndpointAnswerer>(EndpointOptions{.addresses = addresses_,
                                                           .model = model_,
                                                           .http = served_.http,
                                                           .retry = served_.retry,
                                                           .omitted = served_.omitted,
                                                           .concurrency = served_.concurrency,
                                                           .model_text = model_text_.get(),
                                                           .note = served_.note});
    return *answerer_;
  }

  std::string name() const override { return model_.id; }

 private:
  ServedTarget served_;
  std::vector<ServerAddress> addresses_;
  ServedModel model_;
  std::unique_ptr<ModelText> model_text_;
  std::unique_ptr<EndpointAnswerer> answerer_;
};

}  // namespace

std::unique_ptr<EvalTarget> make_target(const LocalTarget& local) {
  return std::make_unique<LocalEvalTarget>(local);
}

std::unique_ptr<EvalTarget> make_target(const ServedTarget& served) {
  return std::make_unique<ServedEvalTarget>(served);
}

bool is_address(const std::string& model) { return model.find("://") != std::string::npos; }

}  // namespace quantrial

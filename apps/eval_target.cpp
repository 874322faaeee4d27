#include "apps/eval_target.h"

#include <cstdlib>

#include "base/error.h"
#include "base/sha256.h"
#include "evals/endpoint_answerer.h"
#include "evals/local_answerer.h"
#include "tensor/fingerprint.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

class LocalTarget : public EvalTarget {
 public:
  LocalTarget(const EvalArguments& a, const CommonOptions& common)
      : a_(a), common_(common), dir_(model_folder(a.model)) {}

  GenerationDefaults defaults() const override { return read_generation_defaults(dir_); }

  Answerer& open() override {
    tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(dir_));
    chat_template_ = ChatTemplate::find(dir_);
    open_ = std::make_unique<OpenModel>(open_model(common_, a_.model));
    const MemoryPlan plan = open_->plan({.concurrency = a_.concurrency,
                                         .context_tokens = a_.context,
                                         .draft_tokens = a_.draft_tokens});
    if (common_.verbose) fmt::print(stderr, "{}\n", describe(plan));
    engine_ = std::make_unique<Engine>(*open_->model, tokenizer_.get(), plan.engine);
    const std::string identity =
        fmt::format("{} {} {} {}", quantrial::fingerprint(Checkpoint(dir_)), a_.model.precision,
                    a_.model.activations, a_.model.nvfp4_global_scale);
    answerer_ = std::make_unique<LocalAnswerer>(
        *engine_, *tokenizer_, chat_template_,
        LocalAnswerer::Options{.concurrency = a_.concurrency,
                               .draft_tokens = a_.draft_tokens,
                               .fingerprint = Sha256::hex(identity)});
    return *answerer_;
  }

  std::string name() const override { return fs::canonical(dir_).filename().string(); }

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
  const EvalArguments& a_;
  const CommonOptions& common_;
  fs::path dir_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  std::unique_ptr<OpenModel> open_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LocalAnswerer> answerer_;
};

// The key, from the environment: never from the command line, where others see it.
std::string key_of(const EndpointArguments& e) {
  const std::string variable = e.key_variable.value_or("OPENAI_API_KEY");
  const char* const value = std::getenv(variable.c_str());
  if (value == nullptr && e.key_variable) {
    throw Error("--api-key-env {}: no such variable is set; export it", escaped(variable));
  }
  const std::string key = value != nullptr ? value : "";
  for (const char c : key) {
    if (c > ' ' && c < 127) continue;
    throw Error("{}: a key has printable characters without spaces; set it again",
                escaped(variable));
  }
  return key;
}

class EndpointTarget : public EvalTarget {
 public:
  EndpointTarget(const EvalArguments& a, EvalHooks hooks)
      : a_(a), hooks_(std::move(hooks)), addresses_(parse_addresses(a.model.model)) {
    if (a.context) throw Error("--context: for a model on this machine; servers have their own");
    if (a.draft_tokens != 0) {
      throw Error("--draft-tokens: for a model on this machine; servers are started with theirs");
    }
    const EndpointArguments& e = a.endpoint;
    http_ = {.connect_s = e.connect_s,
             .first_byte_s = e.first_token_s,
             .idle_s = e.idle_s,
             .total_s = e.total_s,
             .key = key_of(e),
             .ca_file = e.ca_file};
    if (!e.ca_file.empty() && !fs::is_regular_file(e.ca_file)) {
      throw Error("--ca-file {}: no such file; give one with certificates", escaped(e.ca_file));
    }
  }

  GenerationDefaults defaults() const override { return recommended_sampling(); }

  Answerer& open() override {
    const EndpointArguments& e = a_.endpoint;
    if (e.tokenizer) model_text_ = std::make_unique<ModelText>(ModelText::load(*e.tokenizer));
    const RetryPolicy retry{
        .attempts = e.attempts, .first_s = e.retry_delay_s, .patience_s = e.patience_s};
    model_ = find_served_model({.addresses = addresses_,
                                .wanted = e.model,
                                .http = http_,
                                .retry = retry,
                                .stopped = hooks_.stopped,
                                .note = hooks_.note});
    answerer_ = std::make_unique<EndpointAnswerer>(EndpointOptions{.addresses = addresses_,
                                                                   .model = model_,
                                                                   .http = http_,
                                                                   .retry = retry,
                                                                   .omitted = e.omitted,
                                                                   .concurrency = a_.concurrency,
                                                                   .model_text = model_text_.get(),
                                                                   .note = hooks_.note});
    return *answerer_;
  }

  std::string name() const override { return model_.id; }

 private:
  const EvalArguments& a_;
  EvalHooks hooks_;
  std::vector<ServerAddress> addresses_;
  HttpOptions http_;
  ServedModel model_;
  std::unique_ptr<ModelText> model_text_;
  std::unique_ptr<EndpointAnswerer> answerer_;
};

void refuse_endpoint_options(const EndpointArguments& e) {
  for (const CLI::Option* option : e.options) {
    if (option->count() == 0) continue;
    throw Error("{}: for servers; give an address in place of the folder", option->get_name());
  }
}

}  // namespace

std::unique_ptr<EvalTarget> make_eval_target(const EvalArguments& a, const CommonOptions& common,
                                             const EvalHooks& hooks) {
  if (a.model.model.find("://") != std::string::npos) {
    return std::make_unique<EndpointTarget>(a, hooks);
  }
  refuse_endpoint_options(a.endpoint);
  return std::make_unique<LocalTarget>(a, common);
}

}  // namespace quantrial

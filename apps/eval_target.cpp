#include "apps/eval_target.h"

#include <cstdlib>

#include "base/error.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

ServedTarget served(const EvalArguments& a, const EvalHooks& hooks) {
  if (a.context) throw Error("--context: for a model on this machine; servers have their own");
  if (a.draft_tokens != 0) {
    throw Error("--draft-tokens: for a model on this machine; servers are started with theirs");
  }
  if (a.model.head_bits != "16") {
    throw Error("--head-bits: for a model on this machine; servers load theirs themselves");
  }
  const EndpointArguments& e = a.endpoint;
  if (!e.ca_file.empty() && !fs::is_regular_file(e.ca_file)) {
    throw Error("--ca-file {}: no such file; give one with certificates", escaped(e.ca_file));
  }
  return {.addresses = a.model.model,
          .model = e.model,
          .tokenizer = e.tokenizer,
          .http = {.connect_s = e.connect_s,
                   .first_byte_s = e.first_token_s,
                   .idle_s = e.idle_s,
                   .total_s = e.total_s,
                   .key = api_key(e.key_variable),
                   .ca_file = e.ca_file},
          .retry = {.attempts = e.attempts, .first_s = e.retry_delay_s, .patience_s = e.patience_s},
          .omitted = e.omitted,
          .concurrency = a.concurrency,
          .stopped = hooks.stopped,
          .note = hooks.note};
}

LocalTarget local(const EvalArguments& a, const CommonOptions& common) {
  for (const CLI::Option* option : a.endpoint.options) {
    if (option->count() == 0) continue;
    throw Error("{}: for servers; give an address in place of the folder", option->get_name());
  }
  LocalTarget target{.model = model_choice(common, a.model),
                     .concurrency = a.concurrency,
                     .context = a.context,
                     .draft_tokens = a.draft_tokens};
  if (common.verbose) {
    target.planned = [](const MemoryPlan& plan) { fmt::print(stderr, "{}\n", describe(plan)); };
  }
  return target;
}

}  // namespace

std::string api_key(const std::optional<std::string>& wanted) {
  const std::string variable = wanted.value_or("OPENAI_API_KEY");
  const char* const value = std::getenv(variable.c_str());
  if (value == nullptr && wanted) {
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

std::unique_ptr<EvalTarget> make_eval_target(const EvalArguments& a, const CommonOptions& common,
                                             const EvalHooks& hooks) {
  return is_address(a.model.model) ? make_target(served(a, hooks)) : make_target(local(a, common));
}

}  // namespace quantrial

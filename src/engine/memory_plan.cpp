#include "engine/memory_plan.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "base/error.h"

namespace quantrial {
namespace {

std::string gib(int64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / double(int64_t{1} << 30));
}

EngineOptions engine_options(int64_t concurrency, int64_t context, int64_t draft_tokens) {
  const int64_t pages = StatePool::pages_for(context);
  return {.max_sequences = concurrency,
          .max_tokens = checked_product({concurrency, pages, page_tokens}),
          .max_draft_tokens = draft_tokens,
          .context_tokens = context};
}

class Planner {
 public:
  Planner(const ModelConfig& config, const ModelBytes& model, DType kv_dtype, int64_t draft_tokens)
      : config_(config), model_(model), kv_dtype_(kv_dtype), draft_tokens_(draft_tokens) {}

  MemoryPlan plan(int64_t concurrency, int64_t context) const {
    const EngineOptions engine = engine_options(concurrency, context, draft_tokens_);
    const StateLimits limits = state_limits(engine);
    return {.engine = engine,
            .context_tokens = context,
            .weights = model_.weights,
            .rounded_head = model_.rounded_head,
            .kv = StatePool::kv_bytes(config_, kv_dtype_, limits),
            .recurrent = StatePool::recurrent_bytes(config_, limits),
            .workspace = model_.activations};
  }

  // The longest context, in whole pages or the model's own, that fits; 0 when none does.
  int64_t longest_context(int64_t concurrency, int64_t budget) const {
    const int64_t most = config_.max_position_embeddings;
    const MemoryPlan one = plan(concurrency, page_tokens);
    const int64_t rest = budget - (one.total() - one.kv);  // for keys and values
    if (one.kv == 0) return rest >= 0 ? most : 0;
    if (rest < one.kv) return 0;
    const int64_t pages = rest / one.kv;
    return pages >= StatePool::pages_for(most) ? most : pages * page_tokens;
  }

  int64_t most_sequences(int64_t context, int64_t wished, int64_t budget) const {
    while (wished > 0 && plan(wished, context).total() > budget) --wished;
    return wished;
  }

 private:
  const ModelConfig& config_;
  const ModelBytes& model_;
  DType kv_dtype_;
  int64_t draft_tokens_;
};

[[noreturn]] void refuse(const Planner& planner, const MemoryPlan& plan, int64_t available,
                         int64_t budget) {
  const int64_t concurrency = plan.engine.max_sequences;
  const int64_t context = planner.longest_context(concurrency, budget);
  const int64_t sequences = planner.most_sequences(plan.context_tokens, concurrency, budget);
  std::string remedy = "use a smaller checkpoint or a machine with more memory";
  if (context > 0) {
    remedy = fmt::format("a context of {} tokens would fit", context);
    if (sequences > 0) remedy += fmt::format(", or a concurrency of {}", sequences);
  } else if (sequences > 0) {
    remedy = fmt::format("a concurrency of {} would fit", sequences);
  }
  throw Error(
      "memory: {} needed (weights {}, keys and values {} for {} x {} tokens, states {}, "
      "workspace {}), {} available; {}",
      gib(plan.total() + memory_reserve_bytes), gib(plan.weights), gib(plan.kv), concurrency,
      plan.context_tokens, gib(plan.recurrent), gib(plan.workspace), gib(available), remedy);
}

}  // namespace

MemoryPlan plan_memory(const ModelConfig& config, const ModelBytes& model, DType kv_dtype,
                       const MemoryWish& wish, int64_t available_bytes) {
  require(wish.concurrency > 0, "a concurrency of at least one");
  const int64_t most = config.max_position_embeddings;
  if (wish.context_tokens && (*wish.context_tokens < 1 || *wish.context_tokens > most)) {
    throw Error(
        "context: {} tokens wished, the model has 1 to {} (max_position_embeddings); use "
        "{} or less",
        *wish.context_tokens, most, most);
  }
  const Planner planner(config, model, kv_dtype, wish.draft_tokens);
  const int64_t budget = available_bytes - memory_reserve_bytes;
  int64_t context = wish.context_tokens.value_or(0);
  if (context == 0) {
    context = planner.longest_context(wish.concurrency, budget);
    if (context == 0) context = std::min(most, page_tokens);  // refused below with its numbers
  }
  const MemoryPlan plan = planner.plan(wish.concurrency, context);
  if (plan.total() > budget) refuse(planner, plan, available_bytes, budget);
  return plan;
}

}  // namespace quantrial

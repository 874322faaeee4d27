// quantrial logits: raw logits of given token ids, for comparison with other implementations
// (product.md section 4).
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/engine_options.h"
#include "apps/interrupt.h"
#include "apps/output_file.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "engine/logit_rows.h"
#include "tensor/checkpoint.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

using Prompt = std::vector<int32_t>;

struct LogitsArguments {
  ModelArguments model;
  std::string tokens_file, out;
  bool mtp = false;
};

std::vector<Prompt> read_prompts(const std::string& path, const ModelConfig& config) {
  const Json json = parse_json(read_text_file(path), escaped(path));
  const auto fail = [&](const std::string& where, const std::string& what) {
    throw Error(
        "{}: {}: {}; expected {{\"prompts\": [[id, ...], ...]}} with ids from 0 to {} and at "
        "most {} a prompt",
        escaped(path), where, what, config.vocab_size - 1, config.max_position_embeddings);
  };
  if (!json.is_object() || !json.contains("prompts") || !json["prompts"].is_array()) {
    fail("prompts", "no such list");
  }
  std::vector<Prompt> prompts;
  for (const Json& list : json["prompts"]) {
    const std::string where = fmt::format("prompts[{}]", prompts.size());
    if (!list.is_array()) fail(where, "no list");
    const auto length = static_cast<int64_t>(list.size());
    if (length == 0) fail(where, "empty");
    if (length > config.max_position_embeddings) fail(where, fmt::format("{} tokens", length));
    Prompt& prompt = prompts.emplace_back();
    for (const Json& id : list) {
      const std::string token = fmt::format("{}[{}]", where, prompt.size());
      if (!id.is_number_integer()) fail(token, shown(id));
      if (id.is_number_unsigned() && id.get<uint64_t>() > INT32_MAX) fail(token, shown(id));
      const int64_t value = id.get<int64_t>();
      if (value < 0 || value >= config.vocab_size) fail(token, shown(id));
      prompt.push_back(static_cast<int32_t>(value));
    }
  }
  return prompts;
}

// Runs prompts in pieces of a step and copies rows of logits.
class LogitsRun {
 public:
  LogitsRun(Model& model, int64_t longest)
      : model_(model),
        pool_(model.make_state_pool({.max_tokens = longest, .max_speculative_rows = 1})) {}

  // float32 [T, V].
  void logits(const Prompt& prompt, const PieceSink& sink) {
    for_each_piece(prompt, [&](SequenceState&, int64_t, int64_t count) {
      write_rows(
          count, [&](auto which) { return model_.logits(which); }, sink);
    });
  }

  // float32 [T-1, V]: row t from the hidden state at t and the embedding of token t + 1.
  void mtp_logits(const Prompt& prompt, const PieceSink& sink) {
    for_each_piece(prompt, [&](SequenceState& state, int64_t first, int64_t count) {
      count = std::min(count, length(prompt) - 1 - first);
      if (count == 0) return;
      const auto next = std::span<const int32_t>(prompt).subspan(static_cast<size_t>(first) + 1,
                                                                 static_cast<size_t>(count));
      const MtpInput input{.state = &state, .first_position = first, .next_tokens = next};
      model_.mtp_forward(*pool_, {&input, 1}, MtpSource::model);
      write_rows(
          count, [&](auto which) { return model_.mtp_logits(which); }, sink);
    });
  }

 private:
  static int64_t length(const Prompt& prompt) { return static_cast<int64_t>(prompt.size()); }

  // forward() in pieces, cut and chunked as the engine does; use(state, first position, rows).
  template <typename Use>
  void for_each_piece(const Prompt& prompt, Use use) {
    const auto state = pool_->create();
    require(pool_->reserve(*state, length(prompt)), "the pool holds the longest prompt");
    const int64_t chunked_end = (length(prompt) - 1) / delta_chunk * delta_chunk;
    int64_t first = 0;
    while (first < length(prompt)) {
      const int64_t end = std::min(length(prompt), first + model_.options().max_batch_tokens);
      const SequenceInput input{
          .state = state.get(),
          .tokens = std::span<const int32_t>(prompt).subspan(static_cast<size_t>(first),
                                                             static_cast<size_t>(end - first)),
          .chunked_tokens = std::max<int64_t>(0, std::min(end, chunked_end) - first)};
      model_.forward(*pool_, {&input, 1});
      use(*state, first, end - first);
      first = end;
    }
  }

  template <typename GetLogits>
  void write_rows(int64_t count, GetLogits get_logits, const PieceSink& sink) {
    const int64_t most = max_logit_rows(model_.config().vocab_size);
    for (int64_t first = 0; first < count; first += most) {
      which_.clear();
      for (int64_t row = first; row < std::min(count, first + most); ++row) which_.push_back(row);
      if (guard_.interrupted()) throw Error("logits: interrupted; nothing was written");
      sink(std::as_bytes(get_logits(std::span<const int64_t>(which_)).span()));
    }
  }

  Model& model_;
  InterruptGuard guard_;
  std::unique_ptr<StatePool> pool_;
  std::vector<int64_t> which_;
};

void run_logits(const LogitsArguments& arguments, const CommonOptions& common) {
  check_output_file("logits -o", arguments.out,
                    {.files = {arguments.tokens_file}, .folders = {arguments.model.model}});
  const OpenModel open = open_model(common, arguments.model);
  const ModelConfig& config = open.model->config();
  if (arguments.mtp && !open.model->has_mtp()) {
    throw Error("logits --mtp: {} has no mtp.* tensors; leave out --mtp",
                escaped(arguments.model.model));
  }
  const std::vector<Prompt> prompts = read_prompts(arguments.tokens_file, config);
  int64_t longest = 1;
  for (const Prompt& prompt : prompts) {
    longest = std::max(longest, static_cast<int64_t>(prompt.size()));
  }
  open.plan({.context_tokens = longest});
  LogitsRun run(*open.model, longest);
  // Some rows are in memory at a time: each tensor is computed when its turn to be written comes.
  std::vector<TensorToWrite> tensors;
  const auto add = [&](std::string name, int64_t rows, auto make_pieces) {
    tensors.push_back({.name = std::move(name),
                       .dtype = DType::f32,
                       .shape = {rows, config.vocab_size},
                       .make_bytes = {},
                       .make_pieces = make_pieces});
  };
  for (size_t i = 0; i < prompts.size(); ++i) {
    const Prompt& prompt = prompts[i];
    const auto T = static_cast<int64_t>(prompt.size());
    add(fmt::format("logits.{}", i), T,
        [&run, &prompt](const PieceSink& sink) { run.logits(prompt, sink); });
    if (!arguments.mtp || T == 1) continue;
    add(fmt::format("mtp_logits.{}", i), T - 1,
        [&run, &prompt](const PieceSink& sink) { run.mtp_logits(prompt, sink); });
  }
  write_safetensors(arguments.out, tensors);
}

}  // namespace

void add_logits_command(CLI::App& app, const CommonOptions& common) {
  const auto arguments = std::make_shared<LogitsArguments>();
  CLI::App* command = app.add_subcommand("logits", "Raw logits of given token ids");
  add_model_arguments(*command, arguments->model);
  command->add_option("--tokens", arguments->tokens_file, "JSON {\"prompts\": [[id, ...], ...]}")
      ->required();
  command->add_option("-o,--output", arguments->out, "Safetensors file to write")->required();
  command->add_flag("--mtp", arguments->mtp, "Also the logits of the MTP head");
  command->footer(
      "Example:\n  quantrial logits models/Qwen3.6-27B --tokens prompts.json -o logits.safetensors "
      "--precision fp32");
  command->callback([arguments, &common] { run_logits(*arguments, common); });
}

}  // namespace quantrial

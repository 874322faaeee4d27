// quantrial generate: text from a prompt, streamed; several samples; JSON; a conversation.
#include "apps/generate.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "apps/interrupt.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "text/reasoning.h"

namespace quantrial {
namespace {

constexpr size_t max_prompt_bytes = size_t{64} << 20;
constexpr int64_t max_samples_at_once = 16;

std::string read_prompt(const GenerateArguments& arguments) {
  if (arguments.prompt) return *arguments.prompt;
  if (arguments.prompt_file) return read_text_file(*arguments.prompt_file, max_prompt_bytes);
  if (isatty(STDIN_FILENO) != 0) {
    throw Error(
        "generate: no prompt; use --prompt TEXT, --prompt-file FILE, --chat, or standard "
        "input");
  }
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

// The text that the model continues: the prompt as a user's message, or as it is.
std::string prompt_text(const GenerateArguments& arguments,
                        const std::optional<ChatTemplate>& chat_template) {
  const std::string prompt = read_prompt(arguments);
  if (!chat_template) return prompt;
  auto messages = nlohmann::ordered_json::array();
  if (arguments.system) messages.push_back({{"role", "system"}, {"content", *arguments.system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  return chat_template->render(template_input(arguments, messages));
}

nlohmann::ordered_json as_json(const Result& result, uint64_t seed, PromptEnd end) {
  const ReasoningText parts = split_reasoning(result.text, end);
  const SpeculationCounters& mtp = result.speculation;
  return {{"seed", seed},
          {"tokens", result.tokens},
          {"text", result.text},
          {"reasoning", parts.reasoning},
          {"answer", parts.answer},
          {"finish_reason", name(result.finish_reason)},
          {"generated_tokens", result.tokens.size()},
          {"ttft_ms", result.ttft_ms},
          {"e2e_ms", result.e2e_ms},
          {"mtp",
           {{"drafts", mtp.drafts},
            {"drafted_tokens", mtp.drafted_tokens},
            {"accepted_tokens", mtp.accepted_tokens},
            {"accepted_by_position", mtp.accepted_by_position}}}};
}

void print_json(const std::vector<Result>& results, const std::vector<uint64_t>& seeds,
                const std::vector<int32_t>& prompt, PromptEnd end) {
  auto samples = nlohmann::ordered_json::array();
  for (size_t i = 0; i < results.size(); ++i) {
    samples.push_back(as_json(results[i], seeds[i], end));
  }
  const nlohmann::ordered_json out = {
      {"prompt_tokens", prompt.size()}, {"prompt_ids", prompt}, {"samples", samples}};
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void write_text(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Steps until all is done; Ctrl-C ends every request where it is.
void run_interruptibly(Engine& engine, const std::vector<RequestId>& ids) {
  InterruptGuard guard;
  bool cancelled = false;
  while (engine.step()) {
    if (!guard.interrupted() || cancelled) continue;
    for (const RequestId id : ids) engine.cancel(id);
    cancelled = true;
  }
}

void generate_samples(const GenerateArguments& arguments, const CommonOptions& common,
                      PromptEnd end, Engine& engine, Request request) {
  const bool streams = arguments.samples == 1 && !arguments.json;
  if (streams) request.on_delta = [](const Delta& delta) { write_text(delta.text); };
  std::vector<RequestId> ids;
  std::vector<uint64_t> seeds;
  for (int64_t i = 0; i < arguments.samples; ++i) {
    ids.push_back(engine.submit(request));
    seeds.push_back(request.sampling.seed++);
  }
  run_interruptibly(engine, ids);
  std::vector<Result> results;
  for (const RequestId id : ids) results.push_back(engine.take_result(id).value());
  if (arguments.json) {
    print_json(results, seeds, request.prompt, end);
  } else if (streams) {
    write_text("\n");
  } else {
    for (size_t i = 0; i < results.size(); ++i) {
      fmt::print("--- sample {} (seed {})\n{}\n", i + 1, seeds[i], results[i].text);
    }
  }
  std::fflush(stdout);
  if (!common.quiet) fmt::print(stderr, "{}\n", summary(results));
  if (std::ranges::any_of(
          results, [](const Result& r) { return r.finish_reason == FinishReason::cancelled; })) {
    throw Error("generate: interrupted; what was generated so far is above");
  }
}

// --context, else no more than the prompt and --max-tokens need.
std::optional<int64_t> wished_context(const GenerateArguments& arguments, const Request& request,
                                      const ModelConfig& config) {
  if (arguments.context || arguments.chat || !request.max_tokens) return arguments.context;
  const int64_t most = config.max_position_embeddings;
  const int64_t output = std::clamp<int64_t>(*request.max_tokens, 1, most);
  return std::min(most, static_cast<int64_t>(request.prompt.size()) + output);
}

void run_generate(const GenerateArguments& arguments, const CommonOptions& common) {
  const std::filesystem::path dir = model_folder(arguments.model);
  Request settings = make_request(arguments.sampling, dir);
  const Tokenizer tokenizer = Tokenizer::load(dir);
  std::optional<ChatTemplate> chat_template;
  if (!arguments.raw) chat_template = ChatTemplate::find(dir);
  if (arguments.chat && !chat_template) {
    throw Error("generate --chat: {} has no chat template; use --prompt for plain continuation",
                escaped(arguments.model.model));
  }
  std::string text;
  if (!arguments.chat) {
    text = prompt_text(arguments, chat_template);
    settings.prompt = tokenizer.encode(text);
  }
  const OpenModel open = open_model(common, arguments.model);
  const MemoryPlan plan =
      open.plan({.concurrency = std::min<int64_t>(arguments.samples, max_samples_at_once),
                 .context_tokens = wished_context(arguments, settings, open.model->config()),
                 .draft_tokens = settings.draft_tokens});
  if (common.verbose) fmt::print(stderr, "{}\n", describe(plan));
  Engine engine(*open.model, &tokenizer, plan.engine);
  if (arguments.chat) {
    chat(arguments, tokenizer, *chat_template, engine, settings);
  } else {
    generate_samples(arguments, common, prompt_end(text), engine, settings);
  }
}

}  // namespace

nlohmann::ordered_json template_input(const GenerateArguments& arguments,
                                      const nlohmann::ordered_json& messages) {
  nlohmann::ordered_json input = {{"messages", messages}, {"add_generation_prompt", true}};
  if (arguments.thinking) input["enable_thinking"] = *arguments.thinking == "on";
  return input;
}

std::string summary(const std::vector<Result>& results) {
  int64_t generated = 0;
  double first_ms = results.front().ttft_ms, last_ms = 0;
  SpeculationCounters mtp;
  for (const Result& result : results) {
    generated += static_cast<int64_t>(result.tokens.size());
    last_ms = std::max(last_ms, result.e2e_ms);
    mtp += result.speculation;
  }
  const auto rate = [](int64_t tokens, double ms) {
    return ms > 0 ? 1000 * static_cast<double>(tokens) / ms : 0.0;
  };
  const int64_t prompt = results.front().prompt_tokens;
  std::string line =
      fmt::format("prompt: {} tokens, {:.1f} tok/s; generated: {} tokens, {:.1f} tok/s; {}", prompt,
                  rate(prompt, first_ms), generated,
                  rate(std::max<int64_t>(0, generated - 1), last_ms - first_ms),
                  name(results.front().finish_reason));
  if (mtp.drafts > 0) {
    line += fmt::format(
        "; MTP: {} of {} drafts accepted ({:.0f} %), {:.2f} tokens a step", mtp.accepted_tokens,
        mtp.drafted_tokens,
        100.0 * static_cast<double>(mtp.accepted_tokens) / static_cast<double>(mtp.drafted_tokens),
        1 + static_cast<double>(mtp.accepted_tokens) / static_cast<double>(mtp.drafts));
  }
  return line;
}

void add_generate_command(CLI::App& app, const CommonOptions& common) {
  const auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* command =
      app.add_subcommand("generate", "Text from a prompt, streamed, or a conversation");
  add_model_arguments(*command, arguments->model);
  auto* prompt = command->add_option("--prompt", arguments->prompt, "Text to answer");
  auto* file = command->add_option("--prompt-file", arguments->prompt_file, "File with the prompt");
  auto* conversation = command->add_flag("--chat", arguments->chat, "Interactive conversation");
  prompt->excludes(file)->excludes(conversation);
  file->excludes(conversation);
  auto* raw = command->add_flag("--raw", arguments->raw,
                                "Continue the prompt as it is, without the chat template");
  raw->excludes(conversation);
  auto* json = command->add_flag("--json", arguments->json, "One JSON object with ids and timings");
  json->excludes(conversation);
  command->add_option("--system", arguments->system, "System message")->excludes(raw);
  command->add_option("--thinking", arguments->thinking, "The template's enable_thinking")
      ->check(CLI::IsMember({"on", "off"}));
  command->add_option("--samples", arguments->samples, "Samples of the same prompt")
      ->check(CLI::Range(1, 10000))
      ->excludes(conversation)
      ->capture_default_str();
  command->add_option("--context", arguments->context,
                      "Longest prompt and output; without: the model's, as far as memory goes");
  add_sampling_arguments(*command, arguments->sampling);
  command->footer(
      "Example:\n  quantrial generate models/Qwen3.6-27B-NVFP4 --prompt \"Why is the sky blue?\" "
      "--max-tokens 512 --draft-tokens 3\nWithout --prompt, --prompt-file and --chat the prompt is "
      "read from standard input.");
  command->callback([arguments, &common] { run_generate(*arguments, common); });
}

}  // namespace quantrial

#include "apps/engine_options.h"

#include <charconv>
#include <random>

#include "base/error.h"
#include "engine/usual_sampling.h"

namespace quantrial {

void add_model_arguments(CLI::App& command, ModelArguments& arguments) {
  command.add_option("MODEL", arguments.model, "Folder of the checkpoint")->required();
  command
      .add_option("--precision", arguments.precision,
                  "native: matrix inputs and KV cache in bfloat16; fp32: everything in float")
      ->check(CLI::IsMember({"native", "fp32"}))
      ->capture_default_str();
  command
      .add_option("--activations", arguments.activations,
                  "off: treat W4A4 and W8A8 checkpoints as weight-only")
      ->check(CLI::IsMember(
          std::vector<std::string>(activation_mode_names.begin(), activation_mode_names.end())))
      ->capture_default_str();
  command
      .add_option("--nvfp4-global-scale", arguments.nvfp4_global_scale,
                  "fused-max: unequal scales of fused matrices as vLLM and SGLang load them")
      ->check(CLI::IsMember(std::vector<std::string>(nvfp4_global_scale_names.begin(),
                                                     nvfp4_global_scale_names.end())))
      ->capture_default_str();
  command
      .add_option("--head-bits", arguments.head_bits,
                  "8: the output matrix rounded to FP8 at load, half the bytes to read (its cost: "
                  "docs/fidelity.md); 16: as stored")
      ->check(
          CLI::IsMember(std::vector<std::string>(head_bits_names.begin(), head_bits_names.end())))
      ->capture_default_str();
}

std::filesystem::path model_folder(const ModelArguments& arguments) {
  const std::filesystem::path dir = arguments.model;
  if (!std::filesystem::is_directory(dir)) {
    throw Error("{}: no such folder; give the folder of a checkpoint with config.json",
                escaped(arguments.model));
  }
  return dir;
}

ModelChoice model_choice(const CommonOptions& common, const ModelArguments& arguments) {
  if (common.backend == "cuda") {
    throw Error("--backend cuda: this program was built without CUDA; use --backend cpu");
  }
  return {.dir = model_folder(arguments),
          .precision = arguments.precision == "fp32" ? Precision::fp32 : Precision::native,
          .activations = arguments.activations == name(ActivationMode::off)
                             ? ActivationMode::off
                             : ActivationMode::as_stored,
          .nvfp4_global_scale = arguments.nvfp4_global_scale == name(Nvfp4GlobalScale::fused_max)
                                    ? Nvfp4GlobalScale::fused_max
                                    : Nvfp4GlobalScale::as_written,
          .head = arguments.head_bits == "8" ? HeadStorage::fp8 : HeadStorage::as_stored,
          .threads = common.threads,
          .pinning = common.pin ? Pinning::pinned : Pinning::none};
}

OpenModel open_model(const CommonOptions& common, const ModelArguments& arguments) {
  return open_model(model_choice(common, arguments));
}

std::string describe(const MemoryPlan& plan) {
  const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / double(1 << 20); };
  return fmt::format(
      "memory: {:.1f} MiB: weights {:.1f}{}, keys and values {:.1f} ({} sequences of {} "
      "tokens), states {:.1f}, workspace {:.1f}; resident {:.1f}",
      mib(plan.total()), mib(plan.weights),
      plan.rounded_head > 0 ? fmt::format(" (8-bit head {:.1f})", mib(plan.rounded_head)) : "",
      mib(plan.kv), plan.engine.max_sequences, plan.context_tokens, mib(plan.recurrent),
      mib(plan.workspace), mib(resident_memory_bytes()));
}

void add_sampling_arguments(CLI::App& command, SamplingArguments& a) {
  command.add_option("--max-tokens", a.max_tokens, "Tokens to generate; without: what fits");
  command.add_option("--temperature", a.temperature, "0: greedy; without: the model's default");
  command.add_option("--top-p", a.top_p, "Keep the likeliest tokens with this probability");
  command.add_option("--top-k", a.top_k, "Keep the k likeliest tokens; 0: all");
  command.add_option("--min-p", a.min_p, "Keep tokens with this share of the likeliest's");
  command.add_option("--presence-penalty", a.presence_penalty, "Subtract from ids in the output")
      ->capture_default_str();
  command
      .add_option("--frequency-penalty", a.frequency_penalty,
                  "Subtract for each time an id is in the output")
      ->capture_default_str();
  command
      .add_option("--repetition-penalty", a.repetition_penalty,
                  "Divide the logits of ids in prompt or output")
      ->capture_default_str();
  command.add_option("--seed", a.seed, "Of the first sample; the next ones count up")
      ->check([](const std::string& text) {  // CLI11 clamps what does not fit
        uint64_t seed = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
        const bool whole = error == std::errc() && end == text.data() + text.size();
        return whole ? std::string() : "a whole number from 0 to 18446744073709551615";
      });
  command.add_option("--stop", a.stop, "Text that ends the output; may be given several times")
      ->allow_extra_args(false);  // else it would swallow what follows
  command
      .add_option("--draft-tokens", a.draft_tokens,
                  "Tokens that the MTP head proposes a step; never changes the text")
      ->check(CLI::Range(0, static_cast<int>(max_draft_tokens)))
      ->capture_default_str();
  command.add_flag("--ignore-eos", a.ignore_eos, "Go on after the end-of-text token");
}

Request make_request(const SamplingArguments& a, const std::filesystem::path& dir) {
  const SamplingParameters own = usual_sampling(read_generation_defaults(dir));
  Request request;
  request.sampling = {.temperature = a.temperature.value_or(own.temperature),
                      .top_k = a.top_k.value_or(own.top_k),
                      .top_p = a.top_p.value_or(own.top_p),
                      .min_p = a.min_p.value_or(own.min_p),
                      .presence_penalty = a.presence_penalty,
                      .frequency_penalty = a.frequency_penalty,
                      .repetition_penalty = a.repetition_penalty,
                      .seed = a.seed ? *a.seed : std::random_device()()};
  validate(request.sampling);
  request.max_tokens = a.max_tokens;
  request.stop_strings = a.stop;
  request.end_of_text = a.ignore_eos ? EndOfText::is_ignored : EndOfText::stops;
  request.draft_tokens = a.draft_tokens;
  return request;
}

}  // namespace quantrial

#include "formats/config_keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace quantrial {
namespace {

// Notes, by the writer whose source serializes them; the same word means the same in all files.
constexpr std::string_view notes[] = {
    // compressed-tensors 0.20.0 (QuantizationConfig, QuantizationArgs) and transformers 5.24.0
    "version", "quantization_status", "global_compression_ratio", "run_compressed", "dequantize",
    "use_optimized_inference", "observer", "observer_kwargs", "scale_dtype", "zp_dtype",
    // auto-round 0.16.1 (SerializedCompressorConfig) and the options of versions from 0.2 on
    "autoround_version", "provider", "iters", "nsamples", "seqlen", "lr", "minmax_lr", "dataset",
    "batch_size", "train_bs", "gradient_accumulate_steps", "enable_minmax_tuning",
    "enable_norm_bias_tuning", "enable_quanted_input", "use_quant_input", "enable_alg_ext",
    "enable_adam", "enable_torch_compile", "disable_opt_rtn", "amp", "low_gpu_mem_usage",
    "low_cpu_mem_usage", "model_free", "quant_block_list", "quant_lm_head", "supported_types",
    "static_kv_granularity", "static_attention_granularity", "in_blocks", "fixed_by_user",
    "momentum", "nblocks", "sampler", "scheme", "seed", "not_use_best_mse", "dynamic_max_gap",
    // AutoGPTQ, GPTQModel 7.7.0 (to_dict) and transformers' GPTQConfig
    "meta", "damp_percent", "damp_auto_increment", "static_groups", "true_sequential",
    "act_group_aware", "mse", "model_name_or_path", "model_file_base_name", "quantizer",
    "tokenizer", "model_seqlen", "max_input_length", "pad_token_id", "cache_block_outputs",
    "module_name_preceding_first_block", "modules_in_block_to_quantize", "use_cuda_fp16",
    "use_exllama", "disable_exllama", "exllama_config", "hyb_act", "v2", "v2_alpha",
    // AutoAWQ 0.2.9 and transformers' AwqConfig
    "do_fuse", "fuse_max_seq_len", "modules_to_fuse",
    // transformers' FineGrainedFP8Config; experts are of mixture models
    "modules_to_convert", "expert_dtype",
    // ModelOpt 0.47.0
    "producer", "producer_name", "producer_version", "modelopt_version"};

bool says_nothing(const Json& value) {
  return value.is_null() || value == false || value == "" ||
         (value.is_structured() && value.empty());
}

bool holds(std::span<const std::string_view> keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

void check_keys(const JsonObject& object, std::span<const std::string_view> meaning) {
  for (const auto& [key, value] : object.json().items()) {
    if (holds(meaning, key) || holds(notes, key) || says_nothing(value)) continue;
    object.fail(key,
                "no such key: it may change what the stored numbers mean; remove it if it is "
                "only a note");
  }
}

}  // namespace quantrial

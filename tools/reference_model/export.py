"""Write the model folder in the published layout: config, weights, tokenizer, chat template.

    python3 export.py --weights W.safetensors --tokenizer TOKENIZER.json --out FOLDER
"""
import argparse
import json
import os
import shutil

from safetensors.torch import load_file, save_file

from evaluate import config_of

MAX_POSITIONS = 32768            # accepted; the longest trained position is 8191

# Qwen3.5's chat format without tools and images: earlier turns lose their thoughts, the generation
# prompt opens one, `enable_thinking=false` closes it at once.
CHAT_TEMPLATE = """\
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == 'assistant' and '</think>' in content %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- else %}
        {{- '<think>\\n' }}
    {%- endif %}
{%- endif %}
"""


def text_config(c, end_of_text):
    half = c.rotary // 2
    section = [half - 2 * (half // 3), half // 3, half // 3]
    kinds = ["full_attention" if c.is_full(i) else "linear_attention"
             for i in range(c.num_hidden_layers)]
    return {
        "model_type": "qwen3_5_text", "dtype": "bfloat16", "vocab_size": c.vocab_size,
        "hidden_size": c.hidden_size, "intermediate_size": c.intermediate_size,
        "num_hidden_layers": c.num_hidden_layers, "num_attention_heads": c.num_attention_heads,
        "num_key_value_heads": c.num_key_value_heads, "head_dim": c.head_dim,
        "full_attention_interval": 4, "layer_types": kinds, "attention_bias": False,
        "attention_dropout": 0.0, "attn_output_gate": True, "output_gate_type": "swish",
        "hidden_act": "silu", "initializer_range": 0.02, "rms_norm_eps": c.rms_norm_eps,
        "linear_conv_kernel_dim": c.linear_conv_kernel_dim,
        "linear_num_key_heads": c.linear_num_key_heads, "linear_key_head_dim": c.linear_key_head_dim,
        "linear_num_value_heads": c.linear_num_value_heads,
        "linear_value_head_dim": c.linear_value_head_dim, "mamba_ssm_dtype": "float32",
        "max_position_embeddings": MAX_POSITIONS, "mtp_num_hidden_layers": 1,
        "mtp_use_dedicated_embeddings": False, "partial_rotary_factor": c.partial_rotary_factor,
        "rope_parameters": {"rope_type": "default", "rope_theta": c.rope_theta,
                            "partial_rotary_factor": c.partial_rotary_factor,
                            "mrope_interleaved": True, "mrope_section": section},
        "tie_word_embeddings": False, "use_cache": True, "bos_token_id": None, "eos_token_id": end_of_text,
        "pad_token_id": None}


def special_ids(tokenizer):
    """{special token: id} of a tokenizer.json."""
    with open(tokenizer, encoding="utf-8") as file:
        return {token["content"]: token["id"] for token in json.load(file)["added_tokens"]}


def configs(c, ids):
    """File name -> JSON of everything but weights and tokenizer.json. `ids`: the special tokens'."""
    end_of_text = ids["<|endoftext|>"]
    return {
        "config.json": {
            "architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5",
            "language_model_only": True, "tie_word_embeddings": False, "dtype": "bfloat16",
            "image_token_id": ids["<|image_pad|>"], "video_token_id": ids["<|video_pad|>"],
            "vision_start_token_id": ids["<|vision_start|>"],
            "vision_end_token_id": ids["<|vision_end|>"], "text_config": text_config(c, end_of_text)},
        "generation_config.json": {
            "do_sample": True, "temperature": 0.8, "top_p": 0.95, "top_k": 0,
            "eos_token_id": [ids["<|im_end|>"], end_of_text], "pad_token_id": end_of_text},
        "tokenizer_config.json": {
            "tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "bos_token": None,
            "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace",
            "model_max_length": MAX_POSITIONS, "pad_token": "<|endoftext|>", "split_special_tokens": False,
            "unk_token": None}}


def export(weights, tokenizer, folder):
    os.makedirs(folder, exist_ok=True)
    save_file({n: v.contiguous() for n, v in sorted(weights.items())}, f"{folder}/model.safetensors",
              metadata={"format": "pt"})
    for name, content in configs(config_of(weights), special_ids(tokenizer)).items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
    with open(f"{folder}/chat_template.jinja", "w", encoding="utf-8") as file:
        file.write(CHAT_TEMPLATE)
    if os.path.abspath(tokenizer) != os.path.abspath(f"{folder}/tokenizer.json"):
        shutil.copy(tokenizer, f"{folder}/tokenizer.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("weights", "tokenizer", "out"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    export(load_file(arguments.weights), arguments.tokenizer, arguments.out)


if __name__ == "__main__":
    main()

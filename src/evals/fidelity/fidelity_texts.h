// The texts that fidelity is measured on, from files.
//
// `.txt`: encoded and cut into texts of `context` tokens. `.jsonl`, an object a line, one text each
// (cut likewise when longer), with one of
//   text        plain
//   messages    a chat; the last message is the assistant's answer, or `completion` holds what the
//               model wrote after the prompt, thinking and all
//   input_ids   ids just as they are; `prompt_tokens` says how many of them are the prompt
// Chats and ids with `prompt_tokens` are traces: their tokens are prompt, thinking (inside
// <think>), think_end (</think>) or answer.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "evals/fidelity/fidelity.h"

namespace quantrial {

class Tokenizer;

struct FidelityLimits {
  int64_t tokens = 65536;  // in all; the last text is cut
  int64_t context = 4096;  // of one text
};

// `model`: whose tokenizer and chat template read text. Throws Error for a malformed line, an id
// that the model does not have, a context that it does not have, or when no text has two tokens.
std::vector<FidelityText> read_fidelity_texts(std::span<const std::filesystem::path> files,
                                              const std::filesystem::path& model,
                                              const ModelConfig& config,
                                              const FidelityLimits& limits);

// Segments of a trace whose first `prompt_tokens` tokens are the prompt. Without the tokens <think>
// and </think> in the vocabulary everything after the prompt is the answer.
std::vector<TextSegment> trace_segments(std::span<const int32_t> tokens, int64_t prompt_tokens,
                                        const Tokenizer& tokenizer);

// Cuts what is longer than `context`, drops texts of a single token, and all after `tokens`.
std::vector<FidelityText> limited(std::vector<FidelityText> texts, const FidelityLimits& limits);

}  // namespace quantrial

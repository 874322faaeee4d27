// The token sequences that calibration runs through the model. The same file, recipe and seed give
// the same sequences on every machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/config.h"
#include "quantize/recipe.h"

namespace quantrial {

struct Calibration {
  std::vector<std::vector<int32_t>> sequences;
  std::string description;  // what they were made from, for the log
  std::string sha256;       // of the ids and lengths

  int64_t tokens() const;
  int64_t longest() const;
  bool equally_long() const;
};

// Where text comes from and which model reads it.
struct CalibrationSource {
  std::filesystem::path file;   // .txt or .jsonl; empty: the default texts
  std::filesystem::path texts;  // folder of the default texts, data/calibration
  std::filesystem::path model;  // tokenizer and chat template
};

// `.txt`: encoded and cut into sequences of `parameters.sequence_length`, of which
// `parameters.samples` are drawn by the seed. `.jsonl`, an object a line: `text` and `messages`
// (rendered by the chat template) are packed and drawn likewise, an end-of-text token after each
// text; `input_ids` are sequences just as they are, every one of them.
// Throws Error for a malformed line, an id that the model does not have, a sequence longer than the
// model's context, or text too short for one sequence.
Calibration read_calibration(const CalibrationSource& source, const ModelConfig& model,
                             const RecipeParameters& parameters);

}  // namespace quantrial

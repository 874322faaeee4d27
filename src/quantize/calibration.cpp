#include "quantize/calibration.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "tensor/json.h"
#include "text/document_reader.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

class Collector {
 public:
  Collector(const CalibrationSource& source, const ModelConfig& model,
            const RecipeParameters& parameters)
      : model_(model), parameters_(parameters), texts_(source.model, model.vocab_size) {}

  void add_text_file(const fs::path& file) {
    const std::string text = read_text_file(file);
    if (!is_valid_utf8(text))
      throw Error("{}: no UTF-8 text; convert it, or give .jsonl", shown(file));
    cut(texts_.encode(text, shown(file)));
  }

  void add_lines(const fs::path& file) {
    for_each_line(read_text_file(file), shown(file),
                  [&](std::string_view line, const std::string& where) { add_line(line, where); });
    cut(std::exchange(stream_, {}));
  }

  // Draws `samples` of the packed sequences, in the order of the text.
  Calibration finish() {
    const auto wished = static_cast<size_t>(parameters_.samples);
    std::vector<size_t> order(packed_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto seed = static_cast<uint64_t>(parameters_.seed);
    for (size_t i = 0; i < std::min(wished, order.size()); ++i) {
      const auto left = static_cast<double>(order.size() - i);
      std::swap(order[i], order[i + static_cast<size_t>(uniform(seed, i) * left)]);
    }
    order.resize(std::min(wished, order.size()));
    std::sort(order.begin(), order.end());
    Calibration calibration;
    for (const size_t i : order) calibration.sequences.push_back(std::move(packed_[i]));
    drawn_ = order.size();
    for (auto& ids : exact_) calibration.sequences.push_back(std::move(ids));
    return calibration;
  }

  size_t packed() const { return packed_.size(); }
  size_t exact() const { return exact_.size(); }
  size_t drawn() const { return drawn_; }
  int64_t text_tokens() const { return text_tokens_; }

 private:
  void add_line(std::string_view text, const std::string& where) {
    const auto json = ordered_json::parse(parse_json(text, where).is_object() ? text : "null");
    check_document(json, text, where);
    if (json.contains("input_ids")) return add_ids(json["input_ids"], where);
    const bool plain = json.contains("text");
    const std::string document = plain ? text_of(json, "text", where) : texts_.render(json, where);
    const std::vector<int32_t> ids = texts_.encode(document, where);
    stream_.insert(stream_.end(), ids.begin(), ids.end());
    if (const auto eos = texts_.tokenizer().eos_id(); plain && eos) {
      texts_.check({&*eos, 1}, where);
      stream_.push_back(*eos);
    }
  }

  void add_ids(const ordered_json& list, const std::string& where) {
    std::vector<int32_t> ids = texts_.ids(list, where);
    const auto length = static_cast<int64_t>(ids.size());
    if (length > model_.max_position_embeddings) {
      throw Error("{}: input_ids: {} tokens, the model's context is {}; cut the line", where,
                  length, model_.max_position_embeddings);
    }
    exact_.push_back(std::move(ids));
  }

  // Whole sequences of `ids`; what remains at the end is left out.
  void cut(const std::vector<int32_t>& ids) {
    const auto length = static_cast<size_t>(parameters_.sequence_length);
    for (size_t at = 0; at + length <= ids.size(); at += length) {
      const auto first = ids.begin() + static_cast<ptrdiff_t>(at);
      packed_.emplace_back(first, first + static_cast<ptrdiff_t>(length));
    }
    text_tokens_ += static_cast<int64_t>(ids.size());
  }

  const ModelConfig& model_;
  const RecipeParameters& parameters_;
  DocumentReader texts_;
  std::vector<int32_t> stream_;
  std::vector<std::vector<int32_t>> packed_, exact_;
  int64_t text_tokens_ = 0;
  size_t drawn_ = 0;
};

std::string describe(const Collector& collector, const std::string& what,
                     const RecipeParameters& parameters) {
  std::string text = what + ":";
  if (collector.exact() > 0) text += fmt::format(" {} lines of input_ids", collector.exact());
  if (collector.packed() > 0) {
    text += fmt::format("{} {} of {} sequences of {} tokens, drawn by seed {}",
                        collector.exact() > 0 ? " and" : "", collector.drawn(), collector.packed(),
                        parameters.sequence_length, parameters.seed);
    if (std::cmp_less(collector.packed(), parameters.samples)) {
      text += fmt::format(" ({} wished: give more text)", parameters.samples);
    }
  }
  return text;
}

std::string fingerprint(const Calibration& calibration) {
  std::vector<int32_t> numbers;
  for (const auto& ids : calibration.sequences) {
    numbers.push_back(static_cast<int32_t>(ids.size()));
    numbers.insert(numbers.end(), ids.begin(), ids.end());
  }
  return Sha256::hex(std::as_bytes(std::span(numbers)));
}

}  // namespace

int64_t Calibration::tokens() const {
  int64_t n = 0;
  for (const auto& ids : sequences) n += static_cast<int64_t>(ids.size());
  return n;
}

int64_t Calibration::longest() const {
  size_t n = 0;
  for (const auto& ids : sequences) n = std::max(n, ids.size());
  return static_cast<int64_t>(n);
}

bool Calibration::equally_long() const {
  return std::all_of(sequences.begin(), sequences.end(),
                     [&](const auto& ids) { return ids.size() == sequences[0].size(); });
}

Calibration read_calibration(const CalibrationSource& source, const ModelConfig& model,
                             const RecipeParameters& parameters) {
  if (parameters.sequence_length > model.max_position_embeddings) {
    throw Error(
        "parameters.sequence_length: {}, the model's context is {}; use --set "
        "sequence_length={}",
        parameters.sequence_length, model.max_position_embeddings, model.max_position_embeddings);
  }
  Collector collector(source, model, parameters);
  std::string what = shown(source.file);
  if (source.file.empty()) {
    what = "default texts (reference-corpus.txt, alice.txt)";
    collector.add_text_file(source.texts / "reference-corpus.txt");
    collector.add_text_file(source.texts / "alice.txt");
  } else if (source.file.extension() == ".jsonl") {
    collector.add_lines(source.file);
  } else if (source.file.extension() == ".txt") {
    collector.add_text_file(source.file);
  } else {
    throw Error("{}: --calibration takes .txt or .jsonl; rename it", what);
  }
  if (collector.packed() == 0 && (collector.exact() == 0 || collector.text_tokens() > 0)) {
    throw Error(
        "{}: {} tokens, too few for one sequence of {}; give more text, or use --set "
        "sequence_length",
        what, collector.text_tokens(), parameters.sequence_length);
  }
  Calibration calibration = collector.finish();
  calibration.description = describe(collector, what, parameters);
  calibration.sha256 = fingerprint(calibration);
  return calibration;
}

}  // namespace quantrial

#include "quantize/calibration.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "tensor/json.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// Made when the first text needs them: input_ids need neither.
class TextReader {
 public:
  explicit TextReader(const fs::path& model) : model_(model) {}

  const Tokenizer& tokenizer() {
    if (!tokenizer_) tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(model_));
    return *tokenizer_;
  }
  std::string render(const nlohmann::ordered_json& conversation) {
    if (!template_) template_ = std::make_unique<ChatTemplate>(ChatTemplate::load(model_));
    return template_->render(conversation);
  }

 private:
  fs::path model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<ChatTemplate> template_;
};

class Collector {
 public:
  Collector(const CalibrationSource& source, const ModelConfig& model,
            const RecipeParameters& parameters)
      : model_(model), parameters_(parameters), texts_(source.model) {}

  void add_text_file(const fs::path& file) {
    cut(texts_.tokenizer().encode(read_text_file(file)), shown(file));
  }

  void add_lines(const fs::path& file) {
    const std::string content = read_text_file(file);
    size_t line = 0;
    for (size_t at = 0; at < content.size(); ++line) {
      const size_t end = std::min(content.find('\n', at), content.size());
      const std::string_view text = std::string_view(content).substr(at, end - at);
      at = end + 1;
      if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      add_line(text, fmt::format("{}:{}", shown(file), line + 1));
    }
    cut(std::exchange(stream_, {}), shown(file));
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
    const auto json =
        nlohmann::ordered_json::parse(parse_json(text, where).is_object() ? text : "null");
    const int kinds =
        json.contains("text") + json.contains("messages") + json.contains("input_ids");
    if (kinds != 1) {
      throw Error("{}: {}; expected an object with one of text, messages, input_ids", where,
                  escaped(text));
    }
    if (json.contains("input_ids")) return add_ids(json["input_ids"], where);
    if (json.contains("text") && !json["text"].is_string()) {
      throw Error("{}: text: {}; expected a text", where, escaped(json["text"].dump()));
    }
    const bool plain = json.contains("text");
    const std::string document = plain ? json["text"].get<std::string>() : texts_.render(json);
    const std::vector<int32_t> ids = texts_.tokenizer().encode(document);
    stream_.insert(stream_.end(), ids.begin(), ids.end());
    if (const auto eos = texts_.tokenizer().eos_id(); plain && eos) stream_.push_back(*eos);
  }

  void add_ids(const nlohmann::ordered_json& list, const std::string& where) {
    if (!list.is_array() || list.empty()) {
      throw Error("{}: input_ids: {}; expected a list of token ids", where, escaped(list.dump()));
    }
    std::vector<int32_t> ids;
    for (const auto& item : list) {
      if (!item.is_number_integer() || item < 0 || item >= model_.vocab_size) {
        throw Error("{}: input_ids[{}]: {}; the model has ids 0 to {}", where, ids.size(),
                    escaped(item.dump()), model_.vocab_size - 1);
      }
      ids.push_back(item.get<int32_t>());
    }
    const auto length = static_cast<int64_t>(ids.size());
    if (length > model_.max_position_embeddings) {
      throw Error("{}: input_ids: {} tokens, the model's context is {}; cut the line", where,
                  length, model_.max_position_embeddings);
    }
    exact_.push_back(std::move(ids));
  }

  // Whole sequences of `ids`; what remains at the end is left out.
  void cut(const std::vector<int32_t>& ids, const std::string& where) {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] < 0 || ids[i] >= model_.vocab_size) {
        throw Error("{}: the tokenizer gives id {}, the model has 0 to {}; wrong tokenizer.json?",
                    where, ids[i], model_.vocab_size - 1);
      }
    }
    const auto length = static_cast<size_t>(parameters_.sequence_length);
    for (size_t at = 0; at + length <= ids.size(); at += length) {
      const auto first = ids.begin() + static_cast<ptrdiff_t>(at);
      packed_.emplace_back(first, first + static_cast<ptrdiff_t>(length));
    }
    text_tokens_ += static_cast<int64_t>(ids.size());
  }

  const ModelConfig& model_;
  const RecipeParameters& parameters_;
  TextReader texts_;
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
  if (collector.packed() + collector.exact() == 0) {
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

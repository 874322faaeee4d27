#include "evals/fidelity/fidelity_texts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "tensor/json.h"
#include "text/document_reader.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// The part of `with_answer` that the answer does not change: up to the last whole line that it has
// in common with `prompt`.
std::string_view common_lines(std::string_view prompt, std::string_view with_answer) {
  const auto [end, other] =
      std::mismatch(prompt.begin(), prompt.end(), with_answer.begin(), with_answer.end());
  const auto length = static_cast<size_t>(end - prompt.begin());
  if (length == prompt.size()) return with_answer.substr(0, length);
  const size_t line = with_answer.substr(0, length).rfind('\n');
  return with_answer.substr(0, line == std::string_view::npos ? 0 : line + 1);
}

class Reader {
 public:
  Reader(const fs::path& model, const ModelConfig& config) : texts_(model, config.vocab_size) {}

  void add_file(const fs::path& file) {
    const std::string content = read_text_file(file);
    if (file.extension() != ".jsonl") {
      return add(texts_.encode(content, shown(file)), {}, shown(file));
    }
    for_each_line(content, shown(file),
                  [&](std::string_view line, const std::string& where) { add_line(line, where); });
  }

  std::vector<FidelityText> take() { return std::move(found_); }

 private:
  void add(std::vector<int32_t> tokens, std::optional<int64_t> prompt_tokens, std::string where) {
    std::vector<TextSegment> segments =
        prompt_tokens ? trace_segments(tokens, *prompt_tokens, texts_.tokenizer())
                      : std::vector<TextSegment>(tokens.size(), TextSegment::text);
    found_.push_back({std::move(tokens), std::move(segments), std::move(where)});
  }

  void add_line(std::string_view text, const std::string& where) {
    const auto json = ordered_json::parse(parse_json(text, where).is_object() ? text : "null");
    check_document(json, text, where);
    if (json.contains("input_ids")) return add_ids(json, where);
    if (json.contains("messages")) return add_chat(json, where);
    add(texts_.encode(text_of(json, "text", where), where), {}, where);
  }

  void add_chat(const ordered_json& json, const std::string& where) {
    ordered_json chat = json;
    chat["add_generation_prompt"] = true;
    chat.erase("completion");
    std::string completion, prompt;
    if (json.contains("completion")) {
      completion = text_of(json, "completion", where);
      prompt = texts_.render(chat, where);
    } else {
      const auto& messages = json["messages"];
      if (!messages.is_array() || messages.empty() || !messages.back().is_object() ||
          !messages.back().contains("role") || messages.back()["role"] != "assistant") {
        throw Error("{}: messages: the last is not the assistant's; give it, or a completion",
                    where);
      }
      chat["messages"].erase(messages.size() - 1);
      const std::string whole = texts_.render(json, where);
      prompt = common_lines(texts_.render(chat, where), whole);
      completion = whole.substr(prompt.size());
    }
    std::vector<int32_t> ids = texts_.encode(prompt, where);
    const auto prompt_tokens = static_cast<int64_t>(ids.size());
    const std::vector<int32_t> rest = texts_.encode(completion, where);
    ids.insert(ids.end(), rest.begin(), rest.end());
    add(std::move(ids), prompt_tokens, where);
  }

  void add_ids(const ordered_json& json, const std::string& where) {
    std::vector<int32_t> ids = texts_.ids(json["input_ids"], where);
    if (!json.contains("prompt_tokens")) return add(std::move(ids), {}, where);
    const auto& count = json["prompt_tokens"];
    if (!count.is_number_integer() || count < 0 || count > ids.size()) {
      throw Error("{}: prompt_tokens: {}; expected a number from 0 to {}", where,
                  escaped(count.dump()), ids.size());
    }
    add(std::move(ids), count.get<int64_t>(), where);
  }

  DocumentReader texts_;
  std::vector<FidelityText> found_;
};

}  // namespace

std::vector<TextSegment> trace_segments(std::span<const int32_t> tokens, int64_t prompt_tokens,
                                        const Tokenizer& tokenizer) {
  const auto think = tokenizer.id_of("<think>"), think_end = tokenizer.id_of("</think>");
  std::vector<TextSegment> segments(tokens.size(), TextSegment::prompt);
  TextSegment now = TextSegment::answer;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool in_prompt = static_cast<int64_t>(i) < prompt_tokens;
    // A chat's earlier thinking ends before the prompt does; only what is open at its end counts.
    if (think && think_end && tokens[i] == *think) now = TextSegment::thinking;
    segments[i] = in_prompt ? TextSegment::prompt : now;
    if (now != TextSegment::thinking || tokens[i] != *think_end) continue;
    now = TextSegment::answer;
    if (!in_prompt) segments[i] = TextSegment::think_end;
  }
  return segments;
}

std::vector<FidelityText> limited(std::vector<FidelityText> texts, const FidelityLimits& limits) {
  std::vector<FidelityText> parts;
  int64_t left = limits.tokens;
  for (const FidelityText& text : texts) {
    const auto length = static_cast<int64_t>(text.tokens.size());
    for (int64_t first = 0; first < length && left > 1; first += limits.context) {
      const int64_t count = std::min({limits.context, length - first, left});
      if (count < 2) continue;
      const auto part = [&](const auto& of) {
        return std::vector(of.begin() + first, of.begin() + first + count);
      };
      parts.push_back({part(text.tokens), part(text.segments), text.source});
      left -= count;
    }
  }
  return parts;
}

std::vector<FidelityText> read_fidelity_texts(std::span<const fs::path> files,
                                              const fs::path& model, const ModelConfig& config,
                                              const FidelityLimits& limits) {
  if (limits.context > config.max_position_embeddings) {
    throw Error("a context of {} tokens: {} has {}; ask for less", limits.context, shown(model),
                config.max_position_embeddings);
  }
  Reader reader(model, config);
  for (const fs::path& file : files) reader.add_file(file);
  std::vector<FidelityText> texts = limited(reader.take(), limits);
  if (texts.empty()) {
    throw Error("{}: no text of two tokens; nothing to predict",
                files.empty() ? "texts" : shown(files.front()));
  }
  return texts;
}

}  // namespace quantrial

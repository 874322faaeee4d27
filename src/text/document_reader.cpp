#include "text/document_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace quantrial {

using nlohmann::ordered_json;

DocumentReader::DocumentReader(std::filesystem::path model, int64_t vocab_size)
    : model_(std::move(model)), vocab_size_(vocab_size) {}
DocumentReader::~DocumentReader() = default;

const Tokenizer& DocumentReader::tokenizer() {
  if (!tokenizer_) tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(model_));
  return *tokenizer_;
}

std::string DocumentReader::render(const ordered_json& chat, const std::string& where) {
  if (!template_) template_ = std::make_unique<ChatTemplate>(ChatTemplate::load(model_));
  try {
    return template_->render(chat);
  } catch (const Error& error) {
    throw Error("{}: {}", where, error.what());
  }
}

std::vector<int32_t> DocumentReader::encode(std::string_view text, const std::string& where) {
  std::vector<int32_t> ids = tokenizer().encode(text);
  check(ids, where);
  return ids;
}

void DocumentReader::check(std::span<const int32_t> ids, const std::string& where) const {
  for (const int32_t id : ids) {
    if (id >= 0 && id < vocab_size_) continue;
    throw Error("{}: the tokenizer gives id {}, the model has 0 to {}; wrong tokenizer.json?",
                where, id, vocab_size_ - 1);
  }
}

std::vector<int32_t> DocumentReader::ids(const ordered_json& list, const std::string& where) const {
  if (!list.is_array() || list.empty()) {
    throw Error("{}: input_ids: {}; expected a list of token ids", where, escaped(list.dump()));
  }
  std::vector<int32_t> ids;
  for (const auto& item : list) {
    if (!item.is_number_integer() || item < 0 || item >= vocab_size_) {
      throw Error("{}: input_ids[{}]: {}; the model has ids 0 to {}", where, ids.size(),
                  escaped(item.dump()), vocab_size_ - 1);
    }
    ids.push_back(item.get<int32_t>());
  }
  return ids;
}

void for_each_line(std::string_view content, const std::string& file, const LineTaken& take) {
  size_t number = 1;
  for (size_t at = 0; at < content.size(); ++number) {
    const size_t end = std::min(content.find('\n', at), content.size());
    const std::string_view line = content.substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    take(line, fmt::format("{}:{}", file, number));
  }
}

void check_document(const ordered_json& json, std::string_view line, const std::string& where) {
  const int kinds = json.contains("text") + json.contains("messages") + json.contains("input_ids");
  if (kinds == 1) return;
  throw Error("{}: {}; expected an object with one of text, messages, input_ids", where,
              escaped(line));
}

std::string text_of(const ordered_json& json, const char* key, const std::string& where) {
  if (json[key].is_string()) return json[key].get<std::string>();
  throw Error("{}: {}: {}; expected a text", where, key, escaped(json[key].dump()));
}

}  // namespace quantrial

// What the readers of calibration and evaluation files share: lines of JSON that hold a text, a
// chat or ids, and the tokenizer and chat template of a model folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

class ChatTemplate;
class Tokenizer;

class DocumentReader {
 public:
  // `model`: the folder of tokenizer and chat template; each is loaded when the first document
  // needs it, since input_ids need neither.
  DocumentReader(std::filesystem::path model, int64_t vocab_size);
  ~DocumentReader();

  const Tokenizer& tokenizer();
  // Throws Error for what the template refuses; `where` names the document.
  std::string render(const nlohmann::ordered_json& chat, const std::string& where);

  // Throw Error for an id that the model does not have; `where` names the document.
  std::vector<int32_t> encode(std::string_view text, const std::string& where);
  void check(std::span<const int32_t> ids, const std::string& where) const;
  // A JSON list of ids, just as they are.
  std::vector<int32_t> ids(const nlohmann::ordered_json& list, const std::string& where) const;

 private:
  std::filesystem::path model_;
  int64_t vocab_size_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<ChatTemplate> template_;
};

// Calls take(line, "file:1") for each line that is not blank.
using LineTaken = std::function<void(std::string_view line, const std::string& where)>;
void for_each_line(std::string_view content, const std::string& file, const LineTaken& take);

// Throws Error unless `json`, what `line` says, is an object with one of text, messages, input_ids.
void check_document(const nlohmann::ordered_json& json, std::string_view line,
                    const std::string& where);
// json[key], or an Error when it is no text.
std::string text_of(const nlohmann::ordered_json& json, const char* key, const std::string& where);

}  // namespace quantrial

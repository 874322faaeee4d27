// JSON files of a model folder (config.json, an index, a safetensors header), read strictly:
// duplicate keys are refused, and every complaint names the file, the key and the value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"

namespace quantrial {

using Json = nlohmann::json;

// Throws Error for malformed JSON, invalid UTF-8, duplicate keys, or nesting deeper than 64.
// `where` names the text in messages.
Json parse_json(std::string_view text, const std::string& where);
// The JSON object in the file `path`; at most 100 MB.
Json read_json_object(const std::filesystem::path& path);

// A JSON value as it may stand in a message: one line, escaped, cut.
std::string shown(const Json& value);
// A path as it may stand in a message.
std::string shown(const std::filesystem::path& path);

// An object inside such a file. A key with the value null counts as absent, since older writers
// spell out what newer ones omit. The Json must outlive it.
class JsonObject {
 public:
  // `path`: the keys that lead to `json` in `file`, "text_config.rope_parameters". Throws Error
  // when `json` is no object.
  JsonObject(const Json& json, std::string file, std::string path = {});

  bool has(const std::string& key) const { return find(key) != nullptr; }
  const Json* find(const std::string& key) const;  // nullptr when absent or null
  const Json& json() const { return *json_; }
  std::string where() const;  // "config.json: text_config"

  // Throw Error when the key is absent (unless `fallback` is given), of another type, or outside
  // [low, high].
  int64_t integer(const std::string& key, int64_t low, int64_t high,
                  std::optional<int64_t> fallback = {}) const;
  double number(const std::string& key, double low, double high,
                std::optional<double> fallback = {}) const;
  bool flag(const std::string& key, std::optional<bool> fallback = {}) const;
  std::string text(const std::string& key, std::optional<std::string> fallback = {}) const;
  std::vector<std::string> texts(const std::string& key) const;  // absent: empty
  std::vector<int64_t> integers(const std::string& key, int64_t low, int64_t high) const;
  JsonObject object(const std::string& key) const;

  // "config.json: text_config.hidden_size: -3, expected <expected>"
  [[noreturn]] void fail(const std::string& key, std::string_view expected) const;

 private:
  const Json* json_;
  std::string file_, path_;
};

}  // namespace quantrial

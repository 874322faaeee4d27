#include "tensor/json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"

namespace quantrial {
namespace {

constexpr size_t max_file_bytes = 100'000'000;  // as the safetensors library limits a header
constexpr int max_depth = 64;

// Watches a parse for what nlohmann's parser lets pass.
class Strictness {
 public:
  explicit Strictness(const std::string& where) : where_(where) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > max_depth) {
      throw Error("{}: nested deeper than {} levels; the file is damaged", where_, max_depth);
    }
    if (event == Json::parse_event_t::object_start) {
      keys_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        throw Error("{}: duplicate key '{}'; remove one of the two", where_, escaped(key));
      }
    }
    return true;
  }

 private:
  const std::string& where_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

// Nothing for other types and for what does not fit.
std::optional<int64_t> as_integer(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX}) {
    return std::nullopt;
  }
  return value.get<int64_t>();
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  try {
    return Json::parse(text, Strictness(where));
  } catch (const Json::exception& error) {
    throw Error("{}: malformed JSON: {}", where, escaped(error.what(), 200));
  }
}

Json read_json_object(const std::filesystem::path& path) {
  Json json = parse_json(read_text_file(path, max_file_bytes), shown(path));
  if (!json.is_object()) {
    throw Error("{}: {}, expected a JSON object", shown(path), shown(json));
  }
  return json;
}

std::string shown(const Json& value) {
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return fmt::format("an object of {} keys", value.size());
  if (value.is_string()) return "'" + escaped(value.get_ref<const std::string&>()) + "'";
  return value.dump();
}

std::string shown(const std::filesystem::path& path) { return escaped(path.string(), 400); }

JsonObject::JsonObject(const Json& json, std::string file, std::string path)
    : json_(&json), file_(std::move(file)), path_(std::move(path)) {
  if (!json.is_object()) throw Error("{}: {}, expected an object", where(), shown(json));
}

std::string JsonObject::where() const { return path_.empty() ? file_ : file_ + ": " + path_; }

const Json* JsonObject::find(const std::string& key) const {
  const auto at = json_->find(key);
  return at == json_->end() || at->is_null() ? nullptr : &*at;
}

int64_t JsonObject::integer(const std::string& key, int64_t low, int64_t high,
                            std::optional<int64_t> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  const auto number = value == nullptr ? std::nullopt : as_integer(*value);
  if (!number || *number < low || *number > high) {
    fail(key, fmt::format("an integer from {} to {}", low, high));
  }
  return *number;
}

double JsonObject::number(const std::string& key, double low, double high,
                          std::optional<double> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  const bool is_number = value != nullptr && value->is_number();
  const double number = is_number ? value->get<double>() : 0;
  if (!is_number || !(number >= low && number <= high)) {
    fail(key, fmt::format("a number from {} to {}", low, high));
  }
  return number;
}

bool JsonObject::flag(const std::string& key, std::optional<bool> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !value->is_boolean()) fail(key, "true or false");
  return value->get<bool>();
}

std::string JsonObject::text(const std::string& key, std::optional<std::string> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !value->is_string()) fail(key, "a string");
  return value->get<std::string>();
}

std::vector<std::string> JsonObject::texts(const std::string& key) const {
  std::vector<std::string> texts;
  const Json* value = find(key);
  if (value == nullptr) return texts;
  if (!value->is_array()) fail(key, "a list of strings");
  for (const Json& item : *value) {
    if (!item.is_string()) fail(key, "a list of strings");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::vector<int64_t> JsonObject::integers(const std::string& key, int64_t low, int64_t high) const {
  const std::string expected = fmt::format("a list of integers from {} to {}", low, high);
  std::vector<int64_t> integers;
  const Json* value = find(key);
  if (value == nullptr || !value->is_array()) fail(key, expected);
  for (const Json& item : *value) {
    const auto number = as_integer(item);
    if (!number || *number < low || *number > high) fail(key, expected);
    integers.push_back(*number);
  }
  return integers;
}

JsonObject JsonObject::object(const std::string& key) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_object()) fail(key, "an object");
  return {*value, file_, (path_.empty() ? "" : path_ + ".") + escaped(key)};
}

void JsonObject::fail(const std::string& key, std::string_view expected) const {
  const Json* value = find(key);
  throw Error("{}{}{}: {}, expected {}", where(), path_.empty() ? ": " : ".", escaped(key),
              value == nullptr ? "absent" : shown(*value), expected);
}

}  // namespace quantrial

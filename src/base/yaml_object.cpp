#include "base/yaml_object.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace quantrial {
namespace {

constexpr size_t largest_document = 1 << 20;

std::string shown(const YAML::Node& node) {
  if (!node || node.IsNull()) return "null";
  if (node.IsScalar()) return escaped(node.Scalar());
  YAML::Emitter emitter;
  emitter.SetMapFormat(YAML::Flow);
  emitter.SetSeqFormat(YAML::Flow);
  emitter << node;
  return escaped(emitter.c_str());
}

template <typename Number>
bool parse_number(const std::string& text, Number& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end;
}

}  // namespace

YAML::Node load_yaml(const std::string& text, const std::string& file) {
  if (text.size() > largest_document) {
    throw Error(
        "{}: {} bytes, more than such a file may have ({}); give a recipe, benchmark or study",
        file, text.size(), largest_document);
  }
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw Error("{}:{}: malformed YAML: {}; correct it", file, error.mark.line + 1,
                escaped(error.msg));
  }
}

YamlObject::YamlObject(const YAML::Node& node, std::shared_ptr<const YamlOrigin> origin,
                       std::string path, std::initializer_list<std::string_view> keys)
    : node_(node), origin_(std::move(origin)), path_(std::move(path)) {
  check(&keys);
}

YamlObject::YamlObject(const YAML::Node& node, std::shared_ptr<const YamlOrigin> origin,
                       std::string path, AnyKeys)
    : node_(node), origin_(std::move(origin)), path_(std::move(path)) {
  check(nullptr);
}

void YamlObject::check(const std::initializer_list<std::string_view>* keys) const {
  if (!node_.IsMap()) {
    const std::string of = keys != nullptr ? fmt::format(" of {}", fmt::join(*keys, ", ")) : "";
    throw Error("{}: {}{}, expected a mapping{}; see the shipped files for examples", origin_->file,
                path_.empty() ? "" : path_ + ": ", shown(node_), of);
  }
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : shown(entry.first);
    if (!seen.insert(key).second) fail(key, "the key stands there twice; remove one");
    if (keys != nullptr && std::find(keys->begin(), keys->end(), key) == keys->end()) {
      fail(key, fmt::format("unknown key; use {}", fmt::join(*keys, ", ")));
    }
  }
}

YAML::Node YamlObject::find(const std::string& key) const {
  const YAML::Node found = node_[key];
  return found && !found.IsNull() ? found : YAML::Node(YAML::NodeType::Undefined);
}

bool YamlObject::has(const std::string& key) const { return find(key).IsDefined(); }

std::string YamlObject::full_key(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void YamlObject::fail(const std::string& key, std::string_view remedy) const {
  const std::string full = full_key(key);
  const bool set = origin_->settings.contains(full);
  const std::string where = set ? "--set" : origin_->file;
  const YAML::Node found = node_[key];
  throw Error("{}: {}: {}; {}", where, escaped(full), found ? shown(found) : "absent", remedy);
}

std::string YamlObject::text(const std::string& key) const {
  const YAML::Node found = find(key);
  if (!found.IsDefined()) return {};
  if (!found.IsScalar()) fail(key, "give one text");
  return found.Scalar();
}

size_t YamlObject::choice(const std::string& key, std::span<const std::string_view> choices,
                          size_t fallback) const {
  if (!has(key)) return fallback;
  const std::string value = find(key).IsScalar() ? find(key).Scalar() : "";
  const auto at = std::find(choices.begin(), choices.end(), value);
  if (at == choices.end()) fail(key, fmt::format("use {}", fmt::join(choices, ", ")));
  return static_cast<size_t>(at - choices.begin());
}

int64_t YamlObject::integer(const std::string& key, int64_t low, int64_t high,
                            int64_t fallback) const {
  if (!has(key)) return fallback;
  int64_t value = 0;
  if (!find(key).IsScalar() || !parse_number(find(key).Scalar(), value) || value < low ||
      value > high) {
    if (low == high) fail(key, fmt::format("use {}", low));
    fail(key, fmt::format("use a whole number from {} to {}", low, high));
  }
  return value;
}

double YamlObject::number(const std::string& key, double low, double high, double fallback) const {
  if (!has(key)) return fallback;
  double value = 0;
  if (!find(key).IsScalar() || !parse_number(find(key).Scalar(), value) ||
      !(value >= low && value <= high)) {
    fail(key, fmt::format("use a number from {} to {}", low, high));
  }
  return value;
}

bool YamlObject::flag(const std::string& key, bool fallback) const {
  constexpr std::array<std::string_view, 2> choices = {"false", "true"};
  return choice(key, choices, fallback ? 1 : 0) == 1;
}

std::vector<std::string> YamlObject::texts(const std::string& key) const {
  std::vector<std::string> values;
  if (!has(key)) return values;
  if (!find(key).IsSequence()) fail(key, "give a list: [a, b]");
  for (const auto& item : find(key)) {
    if (!item.IsScalar()) fail(key, "give a list of texts");
    values.push_back(item.Scalar());
  }
  return values;
}

std::vector<int64_t> YamlObject::integers(const std::string& key, int64_t low, int64_t high) const {
  std::vector<int64_t> values;
  for (const std::string& item : texts(key)) {
    int64_t value = 0;
    if (!parse_number(item, value) || value < low || value > high) {
      fail(key, fmt::format("use whole numbers from {} to {}", low, high));
    }
    values.push_back(value);
  }
  return values;
}

YamlObject YamlObject::object(const std::string& key,
                              std::initializer_list<std::string_view> keys) const {
  return {has(key) ? find(key) : YAML::Node(YAML::NodeType::Map), origin_, full_key(key), keys};
}

std::vector<YamlObject> YamlObject::objects(const std::string& key,
                                            std::initializer_list<std::string_view> keys) const {
  std::vector<YamlObject> list;
  if (!has(key)) return list;
  if (!find(key).IsSequence()) fail(key, "give a list");
  for (const auto& item : find(key)) {
    list.emplace_back(item, origin_, fmt::format("{}[{}]", full_key(key), list.size()), keys);
  }
  return list;
}

YamlObject YamlObject::named(const std::string& key) const {
  return {has(key) ? find(key) : YAML::Node(YAML::NodeType::Map), origin_, full_key(key),
          AnyKeys{}};
}

std::vector<std::string> YamlObject::keys() const {
  std::vector<std::string> names;
  for (const auto& entry : node_) names.push_back(entry.first.Scalar());
  return names;
}

}  // namespace quantrial

#include "evals/endpoint/server_json.h"

#include "base/error.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr size_t longest_message = 300;

const ordered_json* at(const ordered_json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string> text_at(const ordered_json& object, const char* key) {
  const ordered_json* value = at(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<int64_t> integer_at(const ordered_json& object, const char* key) {
  const ordered_json* value = at(object, key);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

std::vector<int64_t> integers_at(const ordered_json& object, const char* key) {
  const ordered_json* value = at(object, key);
  std::vector<int64_t> list;
  if (value == nullptr || !value->is_array()) return list;
  for (const ordered_json& item : *value) {
    if (!item.is_number_integer()) return {};
    list.push_back(item.get<int64_t>());
  }
  return list;
}

const ordered_json* object_at(const ordered_json& object, std::initializer_list<const char*> path) {
  const ordered_json* here = &object;
  for (const char* key : path) {
    here = at(*here, key);
    if (here == nullptr) return nullptr;
  }
  return here->is_object() ? here : nullptr;
}

std::string server_message(const ordered_json& body) {
  for (const ordered_json* where : {object_at(body, {"error"}), &body}) {
    if (where == nullptr) continue;
    for (const char* key : {"message", "error", "detail"}) {
      if (const auto text = text_at(*where, key)) return escaped(*text, longest_message);
    }
  }
  return escaped(body.dump(-1, ' ', false, ordered_json::error_handler_t::replace),
                 longest_message);
}

std::string server_message(const std::string& body) {
  const ordered_json json = ordered_json::parse(body, nullptr, false);
  return json.is_object() ? server_message(json) : escaped(body, longest_message);
}

}  // namespace quantrial

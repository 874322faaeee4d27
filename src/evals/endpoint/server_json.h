// Reading JSON that a server sent: what is absent or of another type is an ordinary no.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace quantrial {

std::optional<std::string> text_at(const nlohmann::ordered_json& object, const char* key);
std::optional<int64_t> integer_at(const nlohmann::ordered_json& object, const char* key);
std::vector<int64_t> integers_at(const nlohmann::ordered_json& object, const char* key);
// The object at the end of a path of keys; null: not there.
const nlohmann::ordered_json* object_at(const nlohmann::ordered_json& object,
                                        std::initializer_list<const char*> path);

// What a server says went wrong, for people: error.message, message, detail, or the text itself.
std::string server_message(const nlohmann::ordered_json& body);
std::string server_message(const std::string& body);

}  // namespace quantrial

// One question of a benchmark, as prompts and graders need it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace quantrial {

// A field as text: strings as they are, other values as JSON.
inline std::string field_text(const nlohmann::ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

struct Question {
  std::string id;  // unique within its benchmark
  std::string
      cluster;  // questions that stand or fall together (subject, family level); may be empty
  nlohmann::ordered_json fields;  // the row of the data file, names as published
};

}  // namespace quantrial

// One question of a benchmark, as prompts and graders need it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace quantrial {

struct Question {
  std::string id;  // unique within its benchmark
  std::string
      cluster;  // questions that stand or fall together (subject, family level); may be empty
  nlohmann::ordered_json fields;  // the row of the data file, names as published
};

}  // namespace quantrial

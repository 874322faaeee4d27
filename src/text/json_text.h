// JSON from files, requests and models: parsed, with a limit on its depth, since reading a document
// back (dump, conversion) recurses.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"

namespace quantrial {

constexpr int max_json_depth = 100;

// Whether `text` opens more than `depth` brackets inside one another, outside of strings.
bool nests_deeper_than(std::string_view text, int depth);

// Json is nlohmann::json or ordered_json. Throws Error saying what is wrong and where in `text`.
template <typename Json>
Json parse_json(std::string_view text) {
  if (nests_deeper_than(text, max_json_depth)) {
    throw Error("JSON with more than {} levels", max_json_depth);
  }
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw Error("not JSON: {}", escaped(error.what(), 200));
  }
}

}  // namespace quantrial

// The report of a study or an evaluation: a pure function of its results.json (docs/study.md). Any
// part of it may be absent; the report says so.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace quantrial {

struct Report {
  std::string html, markdown;
  std::map<std::string, std::string> csv;  // by file name, one a figure
};
Report render_report(const nlohmann::ordered_json& results);

}  // namespace quantrial

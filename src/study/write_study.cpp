#include "study/write_study.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// Whether the value goes on one line: it holds nothing that holds something.
bool is_flat(const ordered_json& value) {
  return std::none_of(value.begin(), value.end(),
                      [](const ordered_json& item) { return item.is_structured(); });
}

void emit(YAML::Emitter& out, const ordered_json& value) {
  if (value.is_object()) {
    out << (is_flat(value) ? YAML::Flow : YAML::Block) << YAML::BeginMap;
    for (const auto& [key, item] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, item);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << (is_flat(value) ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const ordered_json& item : value) emit(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    out << value.get<std::string>();
  } else {
    out << YAML::Node(YAML::Load(value.dump()));
  }
}

}  // namespace

std::string study_yaml(const Study& study) {
  const ordered_json all = as_json(study);
  YAML::Emitter out;
  out << YAML::Block << YAML::BeginMap;
  for (const auto& [key, value] : all.items()) {
    out << YAML::Key << key << YAML::Value;
    emit(out, value);
  }
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace quantrial

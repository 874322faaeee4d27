#include "evals/graders/ifeval/instruction.h"

#include "base/error.h"

namespace quantrial {

using nlohmann::ordered_json;

void Instruction::refuse(const std::string& name, std::string_view why) const {
  throw Error("{}: argument '{}': {}", where_, name, why);
}

const ordered_json& Instruction::argument(const std::string& name) const {
  const auto at = arguments_.find(name);
  if (at == arguments_.end() || at->is_null()) refuse(name, "absent");
  return *at;
}

std::string Instruction::text(const std::string& name) const {
  const ordered_json& value = argument(name);
  if (!value.is_string()) refuse(name, "no text");
  return value.get<std::string>();
}

std::vector<std::string> Instruction::texts(const std::string& name) const {
  const ordered_json& value = argument(name);
  std::vector<std::string> all;
  for (const ordered_json& item : value) {
    if (!value.is_array() || !item.is_string()) refuse(name, "no list of texts");
    all.push_back(item.get<std::string>());
  }
  return all;
}

int64_t Instruction::integer(const std::string& name) const {
  const ordered_json& value = argument(name);
  if (!value.is_number()) refuse(name, "no number");
  return value.get<int64_t>();
}

bool Instruction::holds(size_t count, const std::string& relation,
                        const std::string& threshold) const {
  const std::string wanted = text(relation);
  const auto counted = static_cast<int64_t>(count);
  if (wanted == "at least") return counted >= integer(threshold);
  if (wanted == "less than") return counted < integer(threshold);
  refuse(relation, fmt::format("'{}', use 'at least' or 'less than'", escaped(wanted)));
}

}  // namespace quantrial

#include "evals/graders/question_fields.h"

#include "base/error.h"

namespace quantrial {

using nlohmann::ordered_json;

std::string QuestionFields::where() const {
  return fmt::format("{}: question '{}'", where_, escaped(question_.id));
}

void QuestionFields::refuse(const std::string& field, const ordered_json& value,
                            std::string_view remedy) const {
  constexpr auto replace = ordered_json::error_handler_t::replace;
  throw Error("{}: {}: {}; {}", where(), escaped(field),
              escaped(value.dump(-1, ' ', false, replace)), remedy);
}

const ordered_json& QuestionFields::value(const std::string& field) const {
  const auto at = question_.fields.find(field);
  if (at == question_.fields.end()) {
    throw Error("{}: it has no field '{}'; add it to the file of questions", where(),
                escaped(field));
  }
  return *at;
}

std::string QuestionFields::text(const std::string& field) const {
  const ordered_json& found = value(field);
  if (!found.is_string()) refuse(field, found, "give a text");
  return found.get<std::string>();
}

std::string QuestionFields::text(const std::string& field, const std::string& fallback) const {
  return has(field) ? text(field) : fallback;
}

double QuestionFields::number(const std::string& field, double fallback) const {
  if (!has(field)) return fallback;
  const ordered_json& found = value(field);
  if (!found.is_number()) refuse(field, found, "give a number");
  return found.get<double>();
}

const ordered_json& QuestionFields::list(const std::string& field) const {
  const ordered_json& found = value(field);
  if (!found.is_array()) refuse(field, found, "give a list");
  return found;
}

std::string QuestionFields::as_text(const std::string& field) const {
  return field_text(value(field));
}

}  // namespace quantrial

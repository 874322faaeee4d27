#include "text/tool_calls.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "text/json_text.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view white_space = " \t\r\n";

std::string_view without_leading_space(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(white_space), text.size()));
}

std::string_view without_trailing_space(std::string_view text) {
  return text.substr(0, text.find_last_not_of(white_space) + 1);
}

// Removes `prefix` and white space before it from `text`, or leaves `text` as it is.
bool take(std::string_view& text, std::string_view prefix) {
  const std::string_view rest = without_leading_space(text);
  if (!rest.starts_with(prefix)) return false;
  text = rest.substr(prefix.size());
  return true;
}

// The NAME of <tag=NAME>, without <tag=.
std::optional<std::string_view> take_name(std::string_view& text) {
  const size_t end = text.find('>');
  if (end == text.npos || end == 0) return std::nullopt;
  const std::string_view name = text.substr(0, end);
  if (name.find_first_of("<\n") != name.npos) return std::nullopt;
  text.remove_prefix(end + 1);
  return name;
}

// The value up to its </parameter>, which another parameter or the end of the function follows: a
// value may itself contain tags.
std::optional<std::string_view> take_value(std::string_view& text) {
  constexpr std::string_view close = "</parameter>";
  for (size_t at = text.find(close); at != text.npos; at = text.find(close, at + close.size())) {
    const std::string_view after = without_leading_space(text.substr(at + close.size()));
    if (!after.starts_with("<parameter=") && !after.starts_with("</function>")) continue;
    std::string_view value = text.substr(0, at);
    if (value.starts_with('\n')) value.remove_prefix(1);
    if (value.ends_with('\n')) value.remove_suffix(1);
    text = after;
    return value;
  }
  return std::nullopt;
}

// The declared parameters of a function: JSON schemas by name; null when there are none.
const ordered_json& declared_parameters(const ordered_json& tools, std::string_view function) {
  static const ordered_json none;
  if (!tools.is_array()) return none;
  for (const auto& tool : tools) {
    if (!tool.is_object()) continue;
    const auto& declared = tool.contains("function") ? tool["function"] : tool;
    if (!declared.is_object() || !declared.contains("name") || declared["name"] != function)
      continue;
    const auto parameters = declared.find("parameters");
    if (parameters == declared.end() || !parameters->is_object()) return none;
    const auto properties = parameters->find("properties");
    return properties != parameters->end() && properties->is_object() ? *properties : none;
  }
  return none;
}

// The type that a parameter's schema declares: of several, the first that is not null.
std::string declared_type(const ordered_json& parameters, std::string_view name) {
  if (!parameters.is_object()) return "string";
  const auto schema = parameters.find(name);
  if (schema == parameters.end() || !schema->is_object()) return "string";
  const auto type = schema->find("type");
  if (type == schema->end()) {
    return schema->contains("anyOf") || schema->contains("oneOf") ? "object" : "string";
  }
  if (type->is_string()) return type->get<std::string>();
  if (type->is_array()) {
    for (const auto& one : *type) {
      if (one.is_string() && one != "null") return one.get<std::string>();
    }
  }
  return "string";
}

template <typename Number>
std::optional<Number> parsed_number(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  return result.ec == std::errc() && result.ptr == end ? std::optional(number) : std::nullopt;
}

ordered_json converted_number(std::string_view text) {
  const auto number = parsed_number<double>(text);
  if (!number || !std::isfinite(*number)) return std::string(text);
  const bool whole = std::trunc(*number) == *number && std::abs(*number) < 0x1p63;
  return whole ? ordered_json(static_cast<int64_t>(*number)) : ordered_json(*number);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

ordered_json converted(std::string_view text, std::string_view type) {
  const std::string_view trimmed = without_trailing_space(without_leading_space(text));
  if (equals_ignoring_case(text, "null")) return nullptr;
  if (type == "integer") {
    const auto number = parsed_number<int64_t>(trimmed);
    return number ? ordered_json(*number) : ordered_json(text);
  }
  if (type == "number") return converted_number(trimmed);
  if (type == "boolean") {
    if (equals_ignoring_case(trimmed, "true")) return true;
    if (equals_ignoring_case(trimmed, "false")) return false;
  }
  if (type == "object" || type == "array") {
    try {
      return parse_json<ordered_json>(text);
    } catch (const Error&) {
      return std::string(text);  // no JSON: an ordinary "no"
    }
  }
  return std::string(text);
}

// <function=NAME>...</function></tool_call>, removed from `text`.
std::optional<ToolCall> take_xml_call(std::string_view& text, const ordered_json& tools) {
  const auto name = take_name(text);
  if (!name) return std::nullopt;
  ToolCall call{std::string(*name), ordered_json::object()};
  const auto& parameters = declared_parameters(tools, *name);
  while (take(text, "<parameter=")) {
    const auto key = take_name(text);
    const auto value = key ? take_value(text) : std::nullopt;
    if (!value) return std::nullopt;
    call.arguments[std::string(*key)] = converted(*value, declared_type(parameters, *key));
  }
  if (!take(text, "</function>") || !take(text, "</tool_call>")) return std::nullopt;
  return call;
}

// {"name": NAME, "arguments": {...}}</tool_call>, removed from `text`.
std::optional<ToolCall> take_json_call(std::string_view& text) {
  constexpr std::string_view close = "</tool_call>";
  for (size_t at = text.find(close); at != text.npos; at = text.find(close, at + close.size())) {
    try {
      const auto call = parse_json<ordered_json>(text.substr(0, at));
      if (!call.is_object() || !call.contains("name") || !call["name"].is_string())
        return std::nullopt;
      ToolCall parsed{call["name"], call.value("arguments", ordered_json::object())};
      if (!parsed.arguments.is_object()) return std::nullopt;
      text.remove_prefix(at + close.size());
      return parsed;
    } catch (const Error&) {
      continue;  // this </tool_call> may stand inside a string
    }
  }
  return std::nullopt;
}

}  // namespace

ToolCalls parse_tool_calls(std::string_view answer, const ordered_json& tools) {
  constexpr std::string_view open = "<tool_call>";
  ToolCalls result;
  std::string_view rest = answer;
  size_t search_from = 0;  // in `rest`
  for (size_t at; (at = rest.find(open, search_from)) != rest.npos;) {
    std::string_view inside = rest.substr(at + open.size());
    auto call = take(inside, "<function=") ? take_xml_call(inside, tools) : take_json_call(inside);
    if (!call) {
      search_from = at + open.size();
      continue;
    }
    result.text += without_trailing_space(rest.substr(0, at));
    result.calls.push_back(std::move(*call));
    rest = without_leading_space(inside);
    search_from = 0;
  }
  if (!result.text.empty() && !rest.empty() && !result.calls.empty()) result.text += '\n';
  result.text += rest;
  return result;
}

}  // namespace quantrial

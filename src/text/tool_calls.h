// Tool calls in a model's answer, in the two forms that Qwen's chat templates teach:
//   Qwen3.5:
//   <tool_call>\n<function=NAME>\n<parameter=KEY>\nVALUE\n</parameter>...</function>\n</tool_call>
//   Qwen3:    <tool_call>\n{"name": NAME, "arguments": {...}}\n</tool_call>
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

struct ToolCall {
  std::string name;
  nlohmann::ordered_json arguments;  // an object
};

struct ToolCalls {
  std::string text;  // the answer without the calls; malformed calls stay in it
  std::vector<ToolCall> calls;
};

// `answer` is the text after the reasoning. `tools` is the request's list in OpenAI's form (or
// null): a parameter's declared JSON type decides how its text is read (integer, number, boolean,
// null, object and array as JSON, anything else as a string), and text that does not fit its type
// stays a string.
ToolCalls parse_tool_calls(std::string_view answer, const nlohmann::ordered_json& tools);

}  // namespace quantrial

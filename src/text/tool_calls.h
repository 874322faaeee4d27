// Tool calls in a model's answer, in the two forms that Qwen's chat templates teach:
//   Qwen3.5:
//   <tool_call>\n<function=NAME>\n<parameter=KEY>\nVALUE\n</parameter>\n...</function>\n</tool_call>
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
  // The answer without the calls and the white space around them. A malformed or unfinished call
  // stays in it as it is.
  std::string text;
  std::vector<ToolCall> calls;
};

// `answer` is the text after the reasoning. `tools` is the request's list in OpenAI's form, or
// null. The values of Qwen3.5's form are text; a parameter's declared JSON type decides how it is
// read, as in vLLM's qwen3_coder parser: integer, number (a whole one becomes an integer), boolean,
// and object, array or anyOf as JSON; "null" is null whatever the type. What does not fit its type,
// and what has none, stays text.
ToolCalls parse_tool_calls(std::string_view answer, const nlohmann::ordered_json& tools);

}  // namespace quantrial

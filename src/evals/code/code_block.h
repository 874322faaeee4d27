// Code in an answer: what stands between fences of Markdown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

// The fenced blocks, in order; one that is never closed reaches to the end.
std::vector<std::string> fenced_blocks(std::string_view answer);

// The last block that defines `entry_point`, else the last block. None: no block.
std::optional<std::string> solution_block(std::string_view answer, std::string_view entry_point);

// The name after the first `def`; none: there is none.
std::optional<std::string> first_function(std::string_view program);

}  // namespace quantrial

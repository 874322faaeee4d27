// A file that a command may write: a new one or an earlier output, never a file of its input.
#pragma once

#include <string>
#include <vector>

namespace quantrial {

struct CommandInput {
  std::vector<std::string> files, folders;  // of models
};

// Throws Error when `out` is empty, one of the files, or lies in one of the folders; `option` as in
// "logits -o".
void check_output_file(const std::string& option, const std::string& out,
                       const CommandInput& input);

}  // namespace quantrial

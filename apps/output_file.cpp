#include "apps/output_file.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "tensor/json.h"

namespace quantrial {

namespace fs = std::filesystem;

void check_output_file(const std::string& option, const std::string& out,
                       const CommandInput& input) {
  std::error_code error;
  const fs::path named = fs::absolute(out, error);
  const fs::path target = fs::weakly_canonical(named, error);
  const auto is_target = [&](const std::string& file) {
    return fs::equivalent(target, file, error);
  };
  const auto holds_it = [&](const std::string& folder) {
    return fs::equivalent(named.parent_path(), folder, error) ||
           fs::equivalent(target.parent_path(), folder, error);
  };
  const bool is_input = fs::exists(target, error) && (std::ranges::any_of(input.files, is_target) ||
                                                      std::ranges::any_of(input.folders, holds_it));
  if (!out.empty() && !is_input) return;
  throw Error("{} {}: {}; choose another output file", option, shown(fs::path(out)),
              is_input ? "this file belongs to the input" : "the name is empty");
}

}  // namespace quantrial

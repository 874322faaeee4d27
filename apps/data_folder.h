// Where the program's own data is: recipes and calibration texts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace quantrial {

// `what` ("recipes", "data/calibration") in QUANTRIAL_DATA, beside the program, or under
// ../share/quantrial. Throws Error naming the places when it is in none.
std::filesystem::path data_path(const std::string& what);

// A recipe by its name ("nvfp4"), or a path to a YAML file.
std::filesystem::path recipe_path(const std::string& name_or_file);
// Names of the recipes there are, sorted.
std::vector<std::string> recipe_names();

}  // namespace quantrial

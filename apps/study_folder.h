// The folder of a study or an evaluation: results and report from what samples.sqlite holds.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "study/study.h"

namespace quantrial {

// Writes results.json, report.html, report.md and csv/ anew; gives the results. Throws Error when
// the folder has no samples.sqlite.
nlohmann::ordered_json write_report(const std::filesystem::path& folder);

// Where this program finds what studies name.
StudyPlaces study_places();

}  // namespace quantrial

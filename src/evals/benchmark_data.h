// The files of questions: JSON lines, a JSON document, or CSV, possibly compressed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace quantrial {

enum class DataLayout {
  jsonl,  // one object a line
  json,   // a list of objects, or an object with one under "examples" or "data"
  csv,    // RFC 4180, names in the first line; every field is text
};

struct DataFile {
  std::string sha256;  // of the text, unpacked: whatever the file was compressed with
  std::vector<nlohmann::ordered_json> rows;
};

// Throws Error with file, line and remedy.
DataFile read_data_file(const std::filesystem::path& path, DataLayout layout);

// RFC 4180: rows of fields; quotes, commas and line breaks within quotes. Throws Error (`where`)
// for a quote that is never closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& where);

}  // namespace quantrial

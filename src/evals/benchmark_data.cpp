#include "evals/benchmark_data.h"

#include "base/compressed_file.h"
#include "base/error.h"
#include "base/sha256.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr size_t largest_file = size_t{8} << 30;

ordered_json parse_object(std::string_view text, const std::string& where) {
  ordered_json row = ordered_json::parse(text, nullptr, false);
  if (!row.is_object()) throw Error("{}: no JSON object; give one question a line", where);
  return row;
}

std::vector<ordered_json> json_lines(std::string_view text, const std::string& file) {
  std::vector<ordered_json> rows;
  int64_t line = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    rows.push_back(parse_object(one, fmt::format("{}: line {}", file, line)));
  }
  return rows;
}

std::vector<ordered_json> json_document(std::string_view text, const std::string& file) {
  ordered_json document = ordered_json::parse(text, nullptr, false);
  for (const char* key : {"examples", "data"}) {
    if (document.is_object() && document.contains(key)) document = ordered_json(document[key]);
  }
  if (!document.is_array()) {
    throw Error("{}: no JSON list of questions; give one, perhaps under \"examples\"", file);
  }
  std::vector<ordered_json> rows;
  for (ordered_json& row : document) {
    if (!row.is_object()) throw Error("{}: question {} is no object", file, rows.size());
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<ordered_json> csv_document(std::string_view text, const std::string& file) {
  const auto table = parse_csv(text, file);
  if (table.empty()) throw Error("{}: empty; give a CSV file with names in its first line", file);
  std::vector<ordered_json> rows;
  for (size_t i = 1; i < table.size(); ++i) {
    if (table[i].size() != table[0].size()) {
      throw Error("{}: row {} has {} fields, the first line names {}", file, i, table[i].size(),
                  table[0].size());
    }
    ordered_json row;
    for (size_t c = 0; c < table[0].size(); ++c) row[table[0][c]] = table[i][c];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& where) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  bool quoted = false, after_quotes = false;
  const auto end_row = [&] {
    row.push_back(std::move(field));
    if (row.size() > 1 || !row[0].empty() || after_quotes) rows.push_back(std::move(row));
    row.clear();
    field.clear();
    after_quotes = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
        after_quotes = true;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
    } else if (c == ',') {
      row.push_back(std::move(field));
      field.clear();
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      field += c;
    }
  }
  if (quoted) throw Error("{}: a quote is never closed; get the file again", where);
  if (!row.empty() || !field.empty() || after_quotes) end_row();
  return rows;
}

DataFile read_data_file(const std::filesystem::path& path, DataLayout layout) {
  const std::string name = escaped(path.string(), 400);
  const std::string text = read_maybe_compressed(path, largest_file);
  DataFile file{Sha256::hex(text), {}};
  switch (layout) {
    case DataLayout::jsonl:
      file.rows = json_lines(text, name);
      break;
    case DataLayout::json:
      file.rows = json_document(text, name);
      break;
    case DataLayout::csv:
      file.rows = csv_document(text, name);
      break;
  }
  return file;
}

}  // namespace quantrial

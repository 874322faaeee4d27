#include "evals/measurement_store.h"

#include <array>

#include "base/error.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 7> tables = {"study", "variants", "size",      "fidelity",
                                                    "speed", "memory",   "divergence"};
std::string_view name(MeasurementTable table) { return tables.at(static_cast<size_t>(table)); }

ordered_json read_json(const std::string& text, MeasurementTable table) {
  ordered_json json = ordered_json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    throw Error("samples.sqlite, table {}: '{}' is no JSON; the file is damaged", name(table),
                escaped(text));
  }
  return json;
}

}  // namespace

MeasurementStore::MeasurementStore(const std::filesystem::path& folder, Database::Access access)
    : db_(folder / "samples.sqlite", access) {
  if (access == Database::Access::read_only) return;
  for (const std::string_view table : tables) {
    db_.run(
        fmt::format("CREATE TABLE IF NOT EXISTS {} (variant TEXT NOT NULL, part TEXT NOT NULL, "
                    "key TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (variant, part)) "
                    "WITHOUT ROWID",
                    table));
  }
}

void MeasurementStore::put(MeasurementTable table, const Measurement& m) {
  const std::lock_guard lock(mutex_);
  Statement insert(db_, fmt::format("INSERT OR REPLACE INTO {} VALUES (?, ?, ?, ?)", name(table)));
  insert.bind(m.variant).bind(m.part).bind(m.key);
  insert.bind(m.data.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  insert.step();
}

std::optional<ordered_json> MeasurementStore::find(MeasurementTable table,
                                                   const std::string& variant,
                                                   const std::string& part,
                                                   const std::string& key) const {
  const std::lock_guard lock(mutex_);
  Statement select(
      db_,
      fmt::format("SELECT data FROM {} WHERE variant = ? AND part = ? AND key = ?", name(table)));
  select.bind(variant).bind(part).bind(key);
  if (!select.step()) return std::nullopt;
  return read_json(select.text(0), table);
}

std::optional<ordered_json> MeasurementStore::find(MeasurementTable table,
                                                   const std::string& variant,
                                                   const std::string& part) const {
  const std::lock_guard lock(mutex_);
  if (!exists(table)) return std::nullopt;
  Statement select(db_,
                   fmt::format("SELECT data FROM {} WHERE variant = ? AND part = ?", name(table)));
  select.bind(variant).bind(part);
  if (!select.step()) return std::nullopt;
  return read_json(select.text(0), table);
}

bool MeasurementStore::exists(MeasurementTable table) const {
  Statement select(db_, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  select.bind(name(table));
  return select.step();
}

std::vector<Measurement> MeasurementStore::all(MeasurementTable table,
                                               const std::string& variant) const {
  const std::lock_guard lock(mutex_);
  std::vector<Measurement> found;
  if (!exists(table)) return found;
  Statement select(
      db_,
      fmt::format("SELECT part, key, data FROM {} WHERE variant = ? ORDER BY part", name(table)));
  select.bind(variant);
  while (select.step()) {
    found.push_back({variant, select.text(0), select.text(1), read_json(select.text(2), table)});
  }
  return found;
}

void MeasurementStore::remove(MeasurementTable table, const std::string& variant,
                              const std::string& part) {
  const std::lock_guard lock(mutex_);
  Statement erase(db_, fmt::format("DELETE FROM {} WHERE variant = ? AND part = ?", name(table)));
  erase.bind(variant).bind(part);
  erase.step();
}

void put_not_run(MeasurementStore& store, const std::vector<NotRun>& not_run) {
  ordered_json reasons = ordered_json::object();
  for (const NotRun& left_out : not_run) reasons[left_out.benchmark] = left_out.reason;
  store.put(MeasurementTable::study, {"", not_run_part, "", reasons});
}

}  // namespace quantrial

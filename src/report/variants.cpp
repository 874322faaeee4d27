// What the variants are: recipes, formats, what they stand for, where their bytes are.
#include "report/sections.h"

namespace quantrial::report {
namespace {

std::string kept_by(const Variant& v) {
  const bool original = v.kind() == "base" || v.kind() == "control";
  if (original && text(v.at({"about", "recipe"})).empty()) return "everything";
  std::vector<std::string> words;
  for (const Json* name : elements(v.at({"about", "kept"}))) words.push_back(text(*name));
  return joined(words);
}

// {"iters": 200} as "iters 200".
std::string settings_of(const Json& settings) {
  std::string out;
  if (!settings.is_object()) return out;
  for (const auto& [key, setting] : settings.items()) {
    out += (out.empty() ? "" : ", ") + key + " " +
           (setting.is_string() ? setting.get<std::string>() : setting.dump());
  }
  return out;
}

DataTable about_table(const Results& results) {
  DataTable table{"variants",
                  "The variants",
                  {{"variant", "variant"},
                   {"kind", "kind"},
                   {"recipe", "recipe"},
                   {"algorithm", "algorithm"},
                   {"format", "format on disk"},
                   {"activations", "activations"},
                   {"kept", "stays 16-bit"},
                   {"mtp", "MTP"},
                   {"calibration", "calibration"},
                   {"settings", "settings"},
                   {"load", "loaded with"},
                   {"seconds", "made in", Unit::seconds}}};
  for (const Variant& v : results.variants()) {
    const auto word = [&](std::string_view key) { return Value(text(v.at({"about", key}))); };
    table.add({v.name, word("kind"), word("recipe"), word("algorithm"), word("format"),
               word("activations"), kept_by(v), word("mtp"), word("calibration"),
               settings_of(v.at({"about", "settings"})), settings_of(v.at({"about", "load"})),
               value(number(v.at({"about", "seconds"})))},
              v.failed() ? Tone::faint : Tone::plain);
  }
  drop_empty_columns(table);
  return table;
}

DataTable counterparts_table(const Results& results) {
  DataTable table{
      "counterparts",
      "Published counterparts, and how ours differ",
      {{"variant", "variant"}, {"stands_for", "stands for"}, {"differs", "how ours differs"}}};
  for (const Variant& v : results.variants()) {
    const std::string published = text(v.at({"about", "stands_for"}));
    const std::string differs = text(v.at({"about", "differs"}));
    if (!published.empty() || !differs.empty()) table.add({v.name, published, differs});
  }
  return table;
}

DataTable bytes_table(const Results& results) {
  DataTable table{"bytes_by_class",
                  "Bytes on disk by class of module",
                  {{"variant", "variant"},
                   {"class", "class"},
                   {"format", "format"},
                   {"modules", "modules", Unit::count},
                   {"parameters", "parameters", Unit::count},
                   {"bytes", "size on disk", Unit::bytes}}};
  for (const Variant& v : results.variants()) {
    for (const Json* part : elements(v.at({"size", "by_class"}))) {
      table.add({v.name, text(at(*part, {"class"})), text(at(*part, {"format"})),
                 value(number(at(*part, {"modules"}))), value(number(at(*part, {"parameters"}))),
                 value(number(at(*part, {"bytes"})))});
    }
  }
  return table;
}

}  // namespace

Section variants_section(const Results& results) {
  Section section{"variants", "The variants"};
  FigureBlock about{about_table(results)};
  if (about.table.columns.size() > 1) {
    section.show(std::move(about));
  } else {
    section.note("Nothing is known of how the models were made.");
  }
  section.show({counterparts_table(results)});
  Chart bytes{Kind::stacked_bars, {"bytes"}, {"variant"}};
  bytes.series = "class";
  FigureBlock figure{bytes_table(results), bytes};
  if (figure.table.rows.empty()) {
    bool served = false;
    for (const Variant& v : results.variants()) served = served || v.served();
    section.note(std::string("Bytes by class: ") + (served ? served_over_http : "not measured") +
                 ".");
  }
  section.show(std::move(figure));
  return section;
}

}  // namespace quantrial::report

// Memory: what takes it, how it grows, whether the prediction holds, and what fits on which card.
#include <fmt/format.h>

#include <algorithm>

#include "report/sections.h"

namespace quantrial::report {
namespace {

std::string situation(const Json& at_) {
  const auto concurrency = number(at(at_, {"concurrency"}));
  const auto context = number(at(at_, {"context_tokens"}));
  if (!concurrency || !context) return "";
  return fmt::format("{:.0f} at once, context of {:.0f} tokens", *concurrency, *context);
}

FigureBlock parts(const Results& results) {
  DataTable table{"memory",
                  "Memory by class",
                  {{"variant", "variant"},
                   {"class", "class"},
                   {"format", "format"},
                   {"bytes", "memory", Unit::bytes}}};
  std::string where;
  for (const Variant& v : results.variants()) {
    const Json& memory = v.at({"memory"});
    for (const Json* part : elements(at(memory, {"weights"}))) {
      table.add({v.name, text(at(*part, {"class"})), text(at(*part, {"format"})),
                 value(number(at(*part, {"bytes"})))});
    }
    const auto sequences = number(at(memory, {"at", "concurrency"}));
    const auto context = number(at(memory, {"at", "context_tokens"}));
    const auto kv = number(at(memory, {"kv_bytes_per_token"}));
    const auto state = number(at(memory, {"state_bytes_per_sequence"}));
    if (where.empty()) where = situation(at(memory, {"at"}));
    if (kv && sequences && context)
      table.add({v.name, "KV cache", "", *kv * *sequences * *context});
    if (state && sequences) table.add({v.name, "recurrent state", "", *state * *sequences});
    if (const auto workspace = number(at(memory, {"workspace_bytes"}))) {
      table.add({v.name, "workspace", "", *workspace});
    }
  }
  Chart chart{Kind::stacked_bars, {"bytes"}, {"variant"}};
  chart.series = "class";
  return {std::move(table), chart, where.empty() ? "" : "With " + where + "."};
}

DataTable predictions(const Results& results) {
  DataTable table{"memory_predicted",
                  "Predicted and measured",
                  {{"variant", "variant"},
                   {"weights", "weights", Unit::bytes},
                   {"kv", "KV a token", Unit::bytes},
                   {"state", "state a sequence", Unit::bytes},
                   {"predicted", "predicted", Unit::bytes},
                   {"measured", "measured", Unit::bytes},
                   {"off", "measured less predicted", Unit::share}}};
  for (const Variant& v : results.variants()) {
    const auto of = [&](std::string_view key) { return number(v.at({"memory", key})); };
    if (!v.at({"memory"}).is_object()) continue;
    const auto predicted = of("predicted_bytes"), measured = of("measured_bytes");
    Value off;
    if (predicted && measured && *predicted > 0) off = *measured / *predicted - 1;
    table.add({v.name, value(of("weight_bytes")), value(of("kv_bytes_per_token")),
               value(of("state_bytes_per_sequence")), value(predicted), value(measured), off});
  }
  return table;
}

FigureBlock growth(const Results& results) {
  DataTable table{"memory_growth",
                  "Growth with context",
                  {{"sequences", "sequences"},
                   {"variant", "variant"},
                   {"context", "context of each", Unit::tokens},
                   {"bytes", "memory", Unit::bytes}}};
  for (const Variant& v : results.variants()) {
    for (const Json* step : elements(v.at({"memory", "growth"}))) {
      const auto concurrency = number(at(*step, {"concurrency"}));
      const auto context = number(at(*step, {"context_tokens"}));
      const auto bytes = number(at(*step, {"bytes"}));
      if (!concurrency || !context || !bytes) continue;
      table.add({fmt::format("{:.0f} at once", *concurrency), v.name, *context, *bytes});
    }
  }
  Chart chart = chart_of(Kind::lines, results, {"context", Scale::log2}, {"bytes", Scale::log10});
  chart.facet = "sequences";
  return {std::move(table), chart};
}

// Cards of all variants, smallest first.
std::vector<double> cards(const Results& results) {
  std::vector<double> all;
  for (const Variant& v : results.variants()) {
    for (const Json* fit : elements(v.at({"memory", "fits"}))) {
      if (const auto gigabytes = number(at(*fit, {"gigabytes"}))) all.push_back(*gigabytes);
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// Columns of every card after that of the variant.
DataTable by_card(const Results& results, DataTable table, Unit unit, std::string_view key,
                  const char* none) {
  const std::vector<double> all = cards(results);
  for (const double card : all) {
    table.columns.push_back({fmt::format("{:.0f}_gb", card), fmt::format("{:.0f} GB", card), unit});
  }
  for (const Variant& v : results.variants()) {
    if (elements(v.at({"memory", "fits"})).empty()) continue;
    std::vector<Value> row = {v.name};
    row.resize(table.columns.size());
    for (const Json* fit : elements(v.at({"memory", "fits"}))) {
      const auto card = std::find(all.begin(), all.end(), number(at(*fit, {"gigabytes"})));
      if (card == all.end()) continue;
      const auto most = number(at(*fit, {key}));
      row[static_cast<size_t>(card - all.begin()) + 1] = most ? Value(*most) : Value(none);
    }
    table.add(std::move(row));
  }
  return table;
}

// Where the model's own positions end before the memory does.
std::string limited_by_model(const Results& results) {
  const std::string what =
      "Tokens that one sequence may have beside the weights; a GB of a card is 2^30 bytes here.";
  std::vector<std::string> said;
  bool everywhere = true;
  for (const Variant& v : results.variants()) {
    const std::vector<const Json*> fits = elements(v.at({"memory", "fits"}));
    const auto limited = std::find_if(fits.begin(), fits.end(), [](const Json* fit) {
      return text(at(*fit, {"limited_by"})) == "model";
    });
    everywhere = everywhere && (fits.empty() || limited == fits.begin());
    const auto gigabytes =
        limited == fits.end() ? std::nullopt : number(at(**limited, {"gigabytes"}));
    if (gigabytes) said.push_back(fmt::format("{} from {:.0f} GB on", v.name, *gigabytes));
  }
  if (said.empty()) return what;
  if (everywhere) return what + " All of these are the model's own limit, not memory's.";
  return what + " The model's own limit, not memory's: " + joined(said) + ".";
}

std::string batch_caption(const Results& results) {
  for (const Variant& v : results.variants()) {
    for (const Json* fit : elements(v.at({"memory", "fits"}))) {
      if (const auto context = number(at(*fit, {"batch_context"}))) {
        return "Sequences at once, with a context of " + fixed(*context, 0) + " tokens each.";
      }
    }
  }
  return "";
}

}  // namespace

Section memory_section(const Results& results) {
  Section section{"memory", "Memory"};
  section.show(parts(results));
  section.show(growth(results));
  section.show({predictions(results)});
  section.show(
      {by_card(results, {"largest_context", "Largest context that fits", {{"variant", "variant"}}},
               Unit::tokens, "largest_context", "does not fit"),
       std::nullopt, limited_by_model(results)});
  section.show(
      {by_card(results, {"largest_batch", "Largest batch that fits", {{"variant", "variant"}}},
               Unit::count, "largest_batch", "none"),
       std::nullopt, batch_caption(results)});
  std::vector<std::string> served;
  for (const Variant& v : results.variants()) {
    if (v.served()) served.push_back(v.name);
  }
  if (!served.empty()) {
    section.note(joined(served) + ": " + served_over_http + ".");
  } else if (section.blocks.empty()) {
    section.note("Memory was not measured.");
  }
  return section;
}

}  // namespace quantrial::report

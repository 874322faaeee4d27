// The page of made-up numbers (tests/report/make_results.py), whole and with parts missing.
#include "report/report.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/compressed_file.h"

namespace quantrial {
namespace {

using Json = nlohmann::ordered_json;

Json made_up() {
  return Json::parse(
      read_maybe_compressed(std::string(QUANTRIAL_SOURCE) + "/tests/report/results.json.xz"));
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Report, HasItsSectionsInOrder) {
  const Report report = render_report(made_up());
  size_t html = 0, markdown = 0;
  for (const char* title :
       {"Verdict", "The variants", "Differences by benchmark", "pass@k and pass^k",
        "Majority voting", "Tokens", "Latency and throughput", "Memory", "MTP drafts", "Fidelity",
        "Why", "Flips", "Data quality", "Reproduction card", "Honest limits"}) {
    html = report.html.find("</span> " + std::string(title) + "</h2>", html);
    markdown = report.markdown.find(". " + std::string(title) + "\n", markdown);
    EXPECT_NE(html, std::string::npos) << title;
    EXPECT_NE(markdown, std::string::npos) << title;
  }
}

TEST(Report, NeedsNoNetworkAndNoScript) {
  const std::string html = render_report(made_up()).html;
  EXPECT_FALSE(has(html, "<script"));
  EXPECT_FALSE(has(html, "@import"));
  for (const char* attribute : {"src=", "href=\"http", "url(http", "url(//"}) {
    EXPECT_FALSE(has(html, attribute)) << attribute;
  }
}

TEST(Report, SaysTheSameInAllForms) {
  Json results = made_up();
  results["variants"]["nvfp4"]["macro"]["delta"]["value"] = -0.2345;
  results["variants"]["nvfp4"]["benchmarks"]["arith"]["pass_at"]["4"]["value"] = 0.12345;
  results["variants"]["nvfp4"]["memory"]["weights"][0]["bytes"] = 8765432;
  results["study"]["machine"]["cpu"] = "another CPU";
  const Report report = render_report(results);
  for (const auto& [shown, file, stored] : {std::tuple{"\u221223.4", "verdict.csv", "-0.2345"},
                                            {"12.3", "pass_at_k.csv", "0.12345"},
                                            {"8.77", "memory.csv", "8765432"},
                                            {"another CPU", "reproduction.csv", "another CPU"}}) {
    EXPECT_TRUE(has(report.html, shown)) << shown;
    EXPECT_TRUE(has(report.markdown, shown)) << shown;
    ASSERT_TRUE(report.csv.contains(file)) << file;
    EXPECT_TRUE(has(report.csv.at(file), stored)) << stored;
  }
}

// Beside each of two intervals of one figure stands why they differ.
TEST(Report, SaysWhyPassAt1HasAnotherIntervalThanAccuracy) {
  const Report report = render_report(made_up());
  for (const std::string& page : {report.html, report.markdown}) {
    const size_t first = page.find("pass@1 is the accuracy. Its interval is another");
    ASSERT_NE(first, std::string::npos);
    EXPECT_NE(page.find("pass@1 is the accuracy. Its interval is another", first + 1),
              std::string::npos)
        << "with the votes too";
  }
}

// Benchmarks of the variants ran under different loads: no sentence ranks speeds by them.
TEST(Report, SaysWhatTheTimeOfACorrectAnswerDependsOn) {
  const Report report = render_report(made_up());
  EXPECT_TRUE(has(report.html, "one variant after the other, under whatever load"));
  EXPECT_TRUE(has(report.markdown, "Time a correct answer: of the benchmarks' runs"));
  for (const char* claim : {"quicker", "faster", "slower"}) {
    EXPECT_FALSE(has(report.markdown, claim)) << claim;
  }
}

// The verdict as statistics/verdict.h spells it.
TEST(Report, NamesTheVariantsThatAreWorseWithinTheMargin) {
  Json results = made_up();
  results["variants"]["nvfp4"]["macro"]["delta"]["verdict"] = "worse within margin";
  EXPECT_TRUE(has(render_report(results).html, "nvfp4 is worse, but within 5 points"));
}

TEST(Report, EveryCsvIsNamedInBothPages) {
  const Report report = render_report(made_up());
  EXPECT_GT(report.csv.size(), 40u);
  for (const auto& [name, csv] : report.csv) {
    EXPECT_TRUE(has(report.html, "csv/" + name)) << name;
    EXPECT_TRUE(has(report.markdown, "csv/" + name)) << name;
  }
}

// Lines of `text` from `from` on, up to an empty one.
std::vector<std::string> lines_from(const std::string& text, size_t from) {
  std::vector<std::string> lines;
  for (size_t end; (end = text.find('\n', from)) != std::string::npos && end > from;
       from = end + 1) {
    lines.push_back(text.substr(from, end - from));
  }
  return lines;
}

TEST(Report, TablesHaveTheRowsOfTheirCsv) {
  const Report report = render_report(made_up());
  for (const auto& [name, csv] : report.csv) {
    const size_t named = report.markdown.find("(`csv/" + name + "`)");
    ASSERT_NE(named, std::string::npos) << name;
    const std::vector<std::string> shown =
        lines_from(report.markdown, report.markdown.find("\n| ", named) + 1);
    const std::vector<std::string> stored = lines_from(csv, 0);
    ASSERT_EQ(shown.size(), stored.size() + 1) << name << ": two lines of head, one in the CSV";
    for (size_t i = 1; i < stored.size(); ++i) {
      std::string first = stored[i].substr(0, stored[i].find(','));
      std::erase(first, '"');
      for (size_t at = 0; (at = first.find('_', at)) != std::string::npos; at += 2) {
        first.insert(at, "\\");
      }
      EXPECT_TRUE(shown[i + 1].starts_with("| " + first)) << name << ": " << shown[i + 1];
    }
  }
}

TEST(Report, SpeaksOfWhatFailedAndWhatIsServed) {
  const Report report = render_report(made_up());
  EXPECT_TRUE(has(report.markdown, "failed at quantize: made up: there is no such tensor"));
  EXPECT_TRUE(has(report.markdown, "not measured: served over HTTP"));
  EXPECT_TRUE(has(report.markdown, "Not run on Qwen3.6-27B"));
  EXPECT_TRUE(has(report.markdown, "Attribution was not run."));
  EXPECT_TRUE(has(report.markdown, "code: made up: there is no sandbox here"));
}

TEST(Report, OnlyTheTargetItselfIsEvidenceOfIt) {
  Json results = made_up();
  results["study"]["base"]["folder"] = "/models/Qwen/Qwen3.6-27B";
  EXPECT_FALSE(has(render_report(results).html, "Not run on"));
}

TEST(Report, EscapesTextsOfModels) {
  const Report report = render_report(made_up());
  EXPECT_TRUE(has(report.html, "<mark>8</mark>, and &lt;b&gt;&amp; that&lt;/b&gt;"))
      << "the text parts at 27 | 28";
  EXPECT_FALSE(has(report.html, "<b>"));
}

// The report renders what is stored: it compares no texts itself.
TEST(Report, MarksTextsWhereTheResultsSayTheyPart) {
  Json results = made_up();
  results["variants"]["nvfp4"]["examples"][1]["same_bytes"] = 2;
  const Report report = render_report(results);
  EXPECT_TRUE(has(report.html, "<span class=\"same\">y </span><mark>=</mark> 3"));
  EXPECT_TRUE(has(report.markdown, "from byte 2 on"));
}

// Of every value inside `json`.
void collect(const Json& json, const Json::json_pointer& here,
             std::vector<Json::json_pointer>& paths) {
  if (!here.empty()) paths.push_back(here);
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) collect(value, here / key, paths);
  } else if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) collect(json[i], here / i, paths);
  }
}

// Any part may be absent, or be of a type that nobody expects.
TEST(Report, ToleratesEveryAbsence) {
  const Json whole = made_up();
  std::vector<Json::json_pointer> paths;
  collect(whole, Json::json_pointer(), paths);
  size_t rendered = 0;
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string path = paths[i].to_string();
    const bool whole_part = std::count(path.begin(), path.end(), '/') <= 3;
    if (!whole_part && i % 311 != 0) continue;  // of the leaves some
    for (const Json& damage : {Json(), Json("text"), Json(-1e300), Json::array()}) {
      if (whole_part && !damage.is_null()) continue;
      Json results = whole;
      results[paths[i]] = damage;
      rendered += render_report(results).html.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(rendered, 100u);
}

TEST(Report, OfNothingIsAPage) {
  for (const Json& results : {Json(), Json::object(), Json{{"variants", Json::object()}}}) {
    const Report report = render_report(results);
    EXPECT_TRUE(has(report.html, "Nothing has been measured yet."));
  }
}

TEST(Report, OfOneVariantHasNoDifferences) {
  Json results = made_up(), alone;
  alone["base"] = "bf16";
  alone["variants"]["served"] = {{"benchmarks", results["variants"]["bf16"]["benchmarks"]},
                                 {"macro", results["variants"]["bf16"]["macro"]}};
  const Report report = render_report(alone);
  EXPECT_TRUE(has(report.markdown, "There is no base to compare with"));
  EXPECT_FALSE(report.csv.contains("differences.csv"));
  EXPECT_TRUE(report.csv.contains("pass_at_k.csv"));
}

TEST(Report, OfServersAloneSaysWhatCannotBeMeasured) {
  const Json whole = made_up();
  Json results = {{"base", "a"}, {"margins", whole["margins"]}, {"study", whole["study"]}};
  for (const auto& [name, like] : {std::pair{"a", "bf16"}, std::pair{"b", "served"}}) {
    Json& variant = results["variants"][name];
    variant = whole["variants"]["served"];
    variant["benchmarks"] = whole["variants"][like]["benchmarks"];
    variant["macro"] = whole["variants"][like]["macro"];
  }
  const Report report = render_report(results);
  EXPECT_TRUE(has(report.markdown, "The memory of any variant: not measured: served over HTTP."));
  EXPECT_TRUE(has(report.markdown, "a and b: not measured: served over HTTP."));
  EXPECT_TRUE(has(report.markdown, "Attribution was not run: it needs the weights of a variant"));
  EXPECT_TRUE(report.csv.contains("differences.csv"));
  EXPECT_TRUE(report.csv.contains("latency_e2e.csv"));
  EXPECT_FALSE(report.csv.contains("memory.csv"));
}

TEST(Report, ShowsAttributionWhereItIs) {
  Json results = made_up();
  results["variants"]["nvfp4"]["attribution"] = {
      {"swap_in", {{{"class", "mlp.down_proj"}, {"what", "weights"}, {"kl", {{"value", 0.0123}}}}}},
      {"layers", {{{"layer", 3}, {"class", "mlp.down_proj"}, {"kl", {{"value", 0.0456}}}}}}};
  const Report report = render_report(results);
  EXPECT_TRUE(has(report.csv.at("attribution_swap_in.csv"), "nvfp4,mlp.down_proj,weights,0.0123"));
  EXPECT_TRUE(has(report.csv.at("attribution_layers.csv"), "nvfp4,3,mlp.down_proj,0.0456"));
  EXPECT_FALSE(has(report.markdown, "Attribution was not run"));
}

}  // namespace
}  // namespace quantrial

// `quantrial study` as a user runs it: the reference model with few questions.
#include <map>
#include <nlohmann/json.hpp>

#include "evals/sqlite.h"
#include "tests/program.h"

namespace quantrial {
namespace {

using Json = nlohmann::ordered_json;

class StudyCommand : public Program {
 protected:
  static constexpr const char* variants =
      "  - name: bf16\n"
      "  - {name: again, seed: 43}\n"
      "  - {name: int4, recipe: int4-rtn}\n";
  static constexpr const char* rest =
      "benchmarks: [facts, tracking]\n"
      "samples: {default: 3}\n"
      "limit: {default: 2}\n"
      "fidelity: {own_traces: 3, context: 256, tokens: 600}\n"
      "speed: {concurrency: [2], prompt_tokens: [32], output_tokens: 8, mtp_draft_tokens: [0, 1], "
      "rounds: 2}\n"
      "margin: {macro: 0.05}\n";

  fs::path study(const std::string& with_variants, const std::string& with_rest) const {
    const std::string base = std::string(QUANTRIAL_SOURCE) + "/models/reference";
    return write("small.yaml", "base: " + base + "\nvariants:\n" + with_variants + with_rest);
  }
  std::vector<std::string> arguments(const fs::path& file) const {
    return {"study", file.string(), "-o", out().string()};
  }
  fs::path out() const { return dir_ / "out"; }

  Outcome whole(const fs::path& file) const {
    Outcome outcome = run(arguments(file));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome;
  }

  Json results() const { return Json::parse(read_text_file(out() / "results.json")); }

  // What does not depend on the clock.
  Json timeless() const {
    Json all = results();
    for (const char* key : {"date", "seconds", "machine"}) all["study"].erase(key);
    for (auto& [name, variant] : all["variants"].items()) {
      variant["about"].erase("seconds");
      for (const char* key : {"speed", "memory"}) variant.erase(key);
      if (!variant.contains("mtp")) continue;
      for (Json& run : variant["mtp"]["runs"]) run.erase("speedup");
    }
    return all;
  }

  // The first row of a variant in the pages: of the verdict.
  std::string markdown_row(const std::string& variant) const {
    return part_of("report.md", "\n| " + variant + " |", "\n");
  }
  std::string html_row(const std::string& variant) const {
    return part_of("report.html", "<th scope=\"row\">" + variant + "</th>", "</tr>");
  }
  std::string part_of(const char* file, const std::string& begin, const std::string& end) const {
    const std::string page = read_text_file(out() / file);
    const size_t from = page.find(begin);
    if (from == std::string::npos) return "";
    const size_t text = from + begin.size();
    return page.substr(text, page.find(end, text) - text);
  }

  int64_t count(const std::string& sql) const {
    const Database db(out() / "samples.sqlite", Database::Access::read_only);
    Statement select(db, sql);
    select.step();
    return select.integer(0);
  }
  void change(const std::string& sql) const {
    Database db(out() / "samples.sqlite", Database::Access::read_write);
    db.run(sql);
  }
};

TEST_F(StudyCommand, GoesThroughAllStages) {
  const Outcome outcome = whole(study(variants, rest));
  EXPECT_EQ(outcome.out, (out() / "report.html").string() + "\n");
  for (const char* name : {"study.yaml", "samples.sqlite", "results.json", "report.html",
                           "report.md", "csv", "variants/int4/config.json"}) {
    EXPECT_TRUE(fs::exists(out() / name)) << name;
  }
  const Json all = results();
  std::vector<std::string> names;
  for (const auto& [name, variant] : all["variants"].items()) {
    names.push_back(name);
    EXPECT_EQ(variant["benchmarks"].size(), 2U) << name;
    EXPECT_TRUE(variant["macro"].contains("accuracy")) << name;
    EXPECT_EQ(variant["speed"]["runs"].size(), 2U) << name;
    EXPECT_EQ(variant["mtp"]["runs"].size(), 1U) << name;
    EXPECT_GT(variant["memory"]["measured_bytes"], 0) << name;
    EXPECT_FALSE(variant.contains("failed")) << name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"bf16", "again", "int4"})) << "the study's order";
  const Json& int4 = all["variants"]["int4"];
  EXPECT_LT(int4["size"]["bits_per_weight"], 9.0);
  EXPECT_GT(int4["fidelity"]["all"]["kl"]["mean"]["value"], 1e-3);
  EXPECT_FALSE(all["variants"]["bf16"].contains("fidelity"));
  EXPECT_EQ(count("SELECT count(*) FROM samples"), 3 * 2 * 2 * 3);
}

TEST_F(StudyCommand, ASecondRunDoesNothing) {
  const fs::path file = study(variants, rest);
  whole(file);
  const Json before = results();
  const auto made = fs::last_write_time(out() / "variants" / "int4" / "config.json");
  whole(file);
  EXPECT_EQ(fs::last_write_time(out() / "variants" / "int4" / "config.json"), made);
  Json after = results();
  EXPECT_EQ(after["variants"], before["variants"]) << "times too: nothing was measured again";
}

TEST_F(StudyCommand, ItsOwnFileGivesTheSameStudy) {
  const fs::path file = study(variants, rest);
  whole(file);
  const Json before = results();
  whole(out() / "study.yaml");
  EXPECT_EQ(results()["variants"], before["variants"]);
}

TEST_F(StudyCommand, AChangedKeyRedoesWhatDependsOnIt) {
  whole(study(variants, rest));
  const Json before = results();
  std::string changed = variants;
  changed.replace(changed.find("int4-rtn}"), 9, "int4-rtn, set: {group_size: 32}}");
  whole(study(changed, rest));
  const Json after = results();
  for (const char* same : {"bf16", "again"}) {
    EXPECT_EQ(after["variants"][same]["speed"], before["variants"][same]["speed"]);
    EXPECT_EQ(after["variants"][same]["benchmarks"]["facts"]["accuracy"],
              before["variants"][same]["benchmarks"]["facts"]["accuracy"]);
  }
  const Json &was = before["variants"]["int4"], &is = after["variants"]["int4"];
  EXPECT_GT(is["size"]["bytes"], was["size"]["bytes"]);
  EXPECT_LT(is["fidelity"]["all"]["kl"]["mean"]["value"],
            was["fidelity"]["all"]["kl"]["mean"]["value"]);
  EXPECT_NE(is["speed"]["runs"], was["speed"]["runs"]);
}

TEST_F(StudyCommand, AnEightBitHeadIsAVariantOfItsOwn) {
  whole(study("  - {name: head8, load: {head_bits: 8}}\n  - name: bf16\n",
              "benchmarks: [facts]\nlimit: {default: 1}\nsamples: {default: 1}\n"
              "fidelity: {own_traces: 2, context: 256, tokens: 200}\n"));
  const Json all = results()["variants"];
  EXPECT_EQ(all["bf16"]["about"]["kind"], "base");
  EXPECT_FALSE(all["bf16"].contains("fidelity"));
  EXPECT_EQ(all["head8"]["about"]["load"]["head_bits"], 8);
  EXPECT_GT(all["head8"]["fidelity"]["all"]["kl"]["mean"]["value"], 0);
}

TEST_F(StudyCommand, CalibrationConcernsTheRecipesThatNeedSome) {
  std::vector<std::string> quantize = arguments(study(variants, rest));
  quantize.insert(quantize.end(), {"--stage", "quantize"});
  EXPECT_EQ(run(quantize).exit_code, 0);
  const fs::path config = out() / "variants" / "int4" / "config.json";
  const auto made = fs::last_write_time(config);
  study(variants, rest + ("calibration: " + write("text.txt", "any").string() + "\n"));
  const Outcome outcome = run(quantize);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_FALSE(results()["variants"]["int4"].contains("failed")) << "int4-rtn reads no texts";
  EXPECT_EQ(fs::last_write_time(config), made);
}

// What a smaller plan no longer asks for stays in the store and out of the figures.
TEST_F(StudyCommand, AChangedPlanLeavesNoOldFigures) {
  const std::string one = "  - name: bf16\n";
  whole(study(one, rest));
  std::string other = std::string(rest) + "sampling: {thinking: off}\n";
  other.replace(other.find("rounds: 2"), 9, "rounds: 1");
  other.replace(other.find("concurrency: [2]"), 16, "concurrency: [2, 3]");
  whole(study(one, other));
  const Json bf16 = results()["variants"]["bf16"];
  EXPECT_EQ(bf16["benchmarks"].size(), 2U) << "those without thinking";
  for (const Json& cell : bf16["speed"]["runs"]) EXPECT_EQ(cell["rounds"], 1);
  EXPECT_EQ(bf16["memory"]["at"]["concurrency"], 3);
}

// Refused before anything is written: the line names the key.
TEST_F(StudyCommand, RefusesWhatWouldFailLater) {
  const std::string one = "  - name: bf16\n", plain = "benchmarks: [facts]\n";
  for (const auto& [with, key] :
       std::map<std::string, std::string>{{"margin: {macro: 0}\n", "margin.macro: 0"},
                                          {"margin: {benchmark: 0}\n", "margin.benchmark: 0"},
                                          {"sampling: {top_p: 0}\n", "sampling.top_p: 0"}}) {
    const Outcome outcome = run(arguments(study(one, plain + with)));
    EXPECT_EQ(outcome.exit_code, 1) << with;
    EXPECT_NE(outcome.err.find(key), std::string::npos) << outcome.err;
  }
  const auto refused = [&](const std::string& with, const std::string& line) {
    expect_error(arguments(study(one, plain + with)), line);
  };
  // The reference model has 32768 positions.
  refused("fidelity: {own_traces: 3, context: 32769}\n", "fidelity.context: 32769; the base has");
  refused("fidelity: {own_traces: 3, context: 9}\n", "fidelity.context: 9; the base's traces");
  refused("fidelity: {own_traces: 3, tokens: 3}\n", "fidelity.tokens: 3");
  refused("context: 32769\n", "context: 32769; the base has");
  refused("speed: {prompt_tokens: [64, 32700], output_tokens: 128}\n", "give 32640 or less");
  expect_error(arguments(study(one, "benchmarks: [aime]\n")), "`benchmark_files: {aime: FILE}`");
  for (const std::string& name : {std::string(101, 'a'), std::string("bf16.partial")}) {
    const Outcome outcome = run(arguments(study("  - name: " + name + "\n", plain)));
    EXPECT_EQ(outcome.exit_code, 1) << name;
  }
  const Outcome unknown = run({"study", "no-such-study"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("reference-full"), std::string::npos) << unknown.err;
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(StudyCommand, AMarginChangesVerdictsAlone) {
  whole(study(variants, rest));
  const Json before = results();
  std::string other = rest;
  other.replace(other.find("0.05"), 4, "0.99");
  whole(study(variants, other));
  const Json after = results();
  EXPECT_EQ(after["variants"]["int4"]["speed"], before["variants"]["int4"]["speed"]);
  EXPECT_EQ(after["margins"]["macro"], 0.99);
  EXPECT_EQ(part_of("csv/reproduction.csv", "results.margins.macro,", "\n"), "0.99");
  EXPECT_EQ(part_of("report.md", "| results.margins.macro | ", " |"), "0.99");
  EXPECT_EQ(part_of("report.html", "<th scope=\"row\">results.margins.macro</th><td>", "</td>"),
            "0.99");
}

TEST_F(StudyCommand, AVariantThatFailsIsARow) {
  const fs::path broken = dir_ / "broken";
  fs::create_directories(broken);
  fs::copy_file(std::string(QUANTRIAL_SOURCE) + "/models/reference/config.json",
                broken / "config.json");
  const std::string with =
      std::string(variants) + "  - {name: broken, checkpoint: " + broken.string() + "}\n";
  const Outcome outcome = whole(study(with, rest));
  EXPECT_NE(outcome.err.find("broken: failed: "), std::string::npos) << outcome.err;
  const Json all = results();
  EXPECT_NE(all["variants"]["broken"]["failed"]["reason"].get<std::string>().find("safetensors"),
            std::string::npos);
  EXPECT_TRUE(all["variants"]["int4"]["macro"].contains("delta"));
}

TEST_F(StudyCommand, InterruptedAndStartedAgainGivesTheSame) {
  const fs::path file = study(variants, rest);
  whole(file);
  const Json undisturbed = timeless();
  const fs::path first = out(), kept = dir_ / "kept";
  fs::rename(first, kept);
  // At the first checkpoint, the first traces and the first results.
  int interruptions = 0;
  for (const char* sign : {"variants/int4", "traces.jsonl", "results.json"}) {
    fs::remove(out() / sign);  // of an earlier turn
    const Outcome outcome = interrupted(arguments(file), out() / sign, SIGINT);
    if (outcome.exit_code == 0) continue;
    ++interruptions;
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
  }
  EXPECT_GT(interruptions, 0);
  fs::remove(out() / "results.json");
  interrupted(arguments(file), out() / "results.json", SIGKILL);
  whole(file);
  EXPECT_EQ(timeless(), undisturbed);
}

// Nothing in results or report is constant: what the store says is what they say.
TEST_F(StudyCommand, TheReportSaysWhatTheStoreSays) {
  whole(study(variants, rest));
  const Json before = results();
  EXPECT_GT(before["variants"]["int4"]["macro"]["accuracy"]["value"], 0.0);
  EXPECT_EQ(markdown_row("int4").find("| 0.0 "), std::string::npos) << markdown_row("int4");
  EXPECT_EQ(html_row("int4").find(">0.0 <"), std::string::npos) << html_row("int4");
  change("UPDATE samples SET correct = 0 WHERE variant = 'int4'");
  EXPECT_EQ(run({"report", out().string()}).exit_code, 0);
  const Json after = results();
  EXPECT_EQ(after["variants"]["int4"]["macro"]["accuracy"]["value"], 0.0);
  EXPECT_NE(markdown_row("int4").find("| 0.0 "), std::string::npos) << markdown_row("int4");
  EXPECT_NE(html_row("int4").find(">0.0 <"), std::string::npos) << html_row("int4");
  EXPECT_EQ(after["variants"]["bf16"], before["variants"]["bf16"]);
}

TEST_F(StudyCommand, SaysWhatItWouldTake) {
  std::vector<std::string> dry = arguments(study(variants, rest));
  dry.emplace_back("--dry-run");
  const Outcome outcome = run(dry);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* part : {"quantize", "fidelity", "evaluate", "speed", "int4", "in all"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
  }
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(StudyCommand, RefusesWhatItDoesNotKnowBeforeAnythingStarts) {
  const auto expect = [&](const std::string& with_variants, const std::string& with_rest,
                          const std::string& part) {
    expect_error(arguments(study(with_variants, with_rest)), part);
    EXPECT_FALSE(fs::exists(out())) << part;
  };
  expect(variants, std::string(rest) + "colour: red\n", "colour: red; unknown key");
  expect("  - name: bf16\n  - name: bf16\n", rest, "two variants have it");
  expect("  - name: ../x\n", rest, "letters, digits");
  expect("  - {name: a, recipe: int9}\n", rest, "no such recipe");
  expect("  - {name: a, recipe: nvfp4, set: {iters: many}}\n", rest, "iters");
  expect("  - {name: a, recipe: nvfp4, checkpoint: /tmp}\n", rest, "give one of");
  expect("  - {name: a, checkpoint: nobody/nothing}\n", rest, "no such folder");
  expect("  - {name: a, load: {head_bits: 4}}\n", rest, "head_bits");
  expect(variants, "benchmarks: [nonsense]\n", "nonsense");
  expect(variants, "benchmarks: [facts]\nsamples: {words: 3}\n", "no benchmark of this study");
  expect(variants, "benchmarks: [facts]\nsamples: {default: 0}\n", "whole number");
  expect_error({"study", (dir_ / "absent.yaml").string()}, "absent.yaml");
  expect_error({"report", dir_.string()}, "no samples.sqlite");
}

}  // namespace
}  // namespace quantrial

// The sections of the report, one file each (NAME.cpp); report.cpp puts them in order.
#pragma once

#include "report/html_page.h"
#include "report/section.h"
#include "report/values.h"

namespace quantrial::report {

PageTitle page_title(const Results& results);

Section verdict_section(const Results& results);
Section variants_section(const Results& results);
Section differences_section(const Results& results);
Section pass_at_k_section(const Results& results);
Section majority_section(const Results& results);
Section tokens_section(const Results& results);
Section latency_section(const Results& results);
Section memory_section(const Results& results);
Section mtp_section(const Results& results);
Section fidelity_section(const Results& results);
Section attribution_section(const Results& results);
Section flips_section(const Results& results);
Section quality_section(const Results& results);
Section reproduction_section(const Results& results);
Section limits_section(const Results& results);

// What several sections say alike.
inline constexpr const char* served_over_http = "not measured: served over HTTP";
// Why a part of a variant is not there: it failed, it is served, or nobody measured it.
inline constexpr const char* of_loaded_machine =
    "of the benchmarks' runs, one variant after the other, under whatever load the machine had "
    "then; its interval is of the questions alone, so it ranks no speeds";
std::string why_absent(const Variant& variant);
// "nvfp4", "bf16 (base)", "bf16-again (control)".
std::string label(const Results& results, const Variant& variant);
// The verdict of a delta as people say it, with the margin: "worse, but within 1 point".
std::string verdict_words(const std::string& verdict, const std::optional<double>& margin);
// One variant's figures of one benchmark, for all variants and benchmarks that have them.
struct Asked {
  const Variant& variant;
  std::string benchmark;
  const Json& figures;
};
std::vector<Asked> all_asked(const Results& results);
// Which of "variant" and "benchmark" makes the small charts and which their rows: the fewer charts.
struct Layout {
  std::string facet, row;
};
Layout layout(const Results& results, size_t compared);
// Names of variants in the order of their styles.
Chart chart_of(Kind kind, const Results& results, Axis x, Axis y);
// Leaves out columns that have no value in any row; their titles.
std::vector<std::string> drop_empty_columns(DataTable& table);
// Benchmarks that the last run left out, with the reason.
std::vector<std::string> not_run(const Results& results);
// A plain list of words: "a, b and c".
std::string joined(const std::vector<std::string>& words);

}  // namespace quantrial::report

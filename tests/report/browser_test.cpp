// The report in a real browser (headless Chromium): every chart is drawn and legible, nothing is
// complained of, and no page is wider than its window. Skipped where there is no Chromium.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/compressed_file.h"
#include "base/mapped_file.h"
#include "base/temporary_folder.h"
#include "report/report.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Opens what is folded, and writes what it sees of each chart into the page.
constexpr const char* probe = R"js(<script>
addEventListener("load", () => {
  document.querySelectorAll("details").forEach(d => d.open = true);
  const charts = [];
  document.querySelectorAll("[data-chart] svg.chart").forEach(svg => {
    const box = svg.getBBox(), view = svg.viewBox.baseVal, on_screen = svg.getBoundingClientRect();
    const marks = [...svg.querySelectorAll(".m,.l,.b,.c")].map(m => m.getBBox());
    const texts = [...svg.querySelectorAll("text")].map(t => {
      const r = t.getBoundingClientRect(), k = view.width / on_screen.width;
      return {text: t.textContent, x: (r.left - on_screen.left) * k, y: (r.top - on_screen.top) * k,
              right: (r.right - on_screen.left) * k, bottom: (r.bottom - on_screen.top) * k};
    });
    const outside = texts.filter(t => t.x < -2 || t.y < -2 || t.right > view.width + 12 || t.bottom > view.height + 2);
    const overlapping = [];
    texts.forEach((a, i) => texts.slice(i + 1).forEach(b => {
      const wide = Math.min(a.right, b.right) - Math.max(a.x, b.x);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.y, b.y);
      if (wide > 1 && high > 5) overlapping.push(a.text + " | " + b.text);
    }));
    charts.push({name: svg.closest("[data-chart]").dataset.chart, width: box.width, height: box.height,
                 marks: marks.filter(b => b.width > 0 || b.height > 0).length, all_marks: marks.length,
                 titles: svg.querySelectorAll("text.t").length, outside: outside.map(t => t.text), overlapping,
                 text_pixels: 12 * on_screen.width / view.width});
  });
  const result = document.createElement("pre");
  result.id = "probe";
  result.textContent = encodeURIComponent(JSON.stringify({window: innerWidth,
    content: document.documentElement.scrollWidth, charts}));
  parent.document.body.append(result);
});
</script>)js";

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string attribute(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

std::string find_browser() {
  std::string_view path = getenv("PATH") == nullptr ? "" : getenv("PATH");
  while (!path.empty()) {
    const size_t end = std::min(path.find(':'), path.size());
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
      const fs::path program = fs::path(path.substr(0, end)) / name;
      if (access(program.c_str(), X_OK) == 0) return program;
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return "";
}

struct Seen {
  Json page;
  std::vector<std::string> complaints;
};

class Browser : public testing::Test {
 protected:
  void SetUp() override {
    browser_ = find_browser();
    if (browser_.empty()) GTEST_SKIP() << "chromium is not installed";
  }

  // What a window of that width shows: a frame, since Chromium has no window below 500 pixels.
  Seen open(const std::string& html, int width) const {
    std::string with_probe = html;
    with_probe.insert(with_probe.rfind("</body>"), probe);
    std::ofstream(folder_ / "page.html")
        << "<!DOCTYPE html><body style=\"margin:0\"><iframe style=\"border:0;height:900px;width:"
        << width << "px\" srcdoc=\"" << attribute(with_probe) << "\"></iframe></body>";
    run({browser_, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--hide-scrollbars", "--enable-logging=stderr",
         "--user-data-dir=" + (folder_ / "profile").string(), "--window-size=1400,900",
         "--dump-dom", "file://" + (folder_ / "page.html").string()});
    Seen seen;
    const std::string dom = read_text_file(folder_ / "stdout");
    const std::string opening = "<pre id=\"probe\">";
    const size_t start = dom.find(opening);
    if (start == std::string::npos) return seen;
    const size_t end = dom.find("</pre>", start);
    seen.page = Json::parse(decoded(
        std::string_view(dom).substr(start + opening.size(), end - start - opening.size())));
    std::ifstream log(folder_ / "stderr");
    for (std::string line; std::getline(log, line);) {
      if (line.find("CONSOLE") != std::string::npos) seen.complaints.push_back(line);
    }
    return seen;
  }

 private:
  void run(std::vector<std::string> arguments) const {
    const std::string out = folder_ / "stdout", err = folder_ / "stderr";
    const pid_t child = fork();
    if (child == 0) {
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
      dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
  }

  const TemporaryFolder folder_;
  std::string browser_;
};

Json made_up() {
  return Json::parse(
      read_maybe_compressed(std::string(QUANTRIAL_SOURCE) + "/tests/report/results.json.xz"));
}

// Text of at least so many pixels can be read at arm's length.
constexpr double smallest_text = 9;

void expect_legible(const Seen& seen, int width) {
  ASSERT_TRUE(seen.page.is_object()) << "the browser did not show the page";
  EXPECT_TRUE(seen.complaints.empty()) << seen.complaints.front();
  EXPECT_EQ(seen.page["window"], width);
  EXPECT_LE(seen.page["content"], width) << "the page is wider than its window";
  for (const Json& chart : seen.page["charts"]) {
    const std::string name = chart["name"];
    EXPECT_GT(chart["width"], 100) << name;
    EXPECT_GT(chart["height"], 50) << name;
    EXPECT_GT(chart["marks"], 0) << name;
    EXPECT_GT(chart["titles"], 0) << name << " has no title on an axis";
    EXPECT_EQ(chart["outside"], Json::array()) << name;
    EXPECT_EQ(chart["overlapping"], Json::array()) << name;
    EXPECT_GE(chart["text_pixels"], smallest_text) << name;
  }
}

TEST_F(Browser, DrawsEveryChartOnDesktopAndPhone) {
  const std::string html = render_report(made_up()).html;
  for (const int width : {1280, 390}) {
    const Seen seen = open(html, width);
    expect_legible(seen, width);
    for (const char* name : {"bytes_by_class",
                             "differences_macro",
                             "differences",
                             "pass_at_k_macro",
                             "pass_at_k",
                             "pass_hat_k",
                             "g_pass_at_k",
                             "majority_macro",
                             "majority_tied_macro",
                             "majority",
                             "majority_tied",
                             "tokens_against_accuracy",
                             "token_ratio",
                             "token_distribution",
                             "accuracy_at_budget",
                             "token_decomposition",
                             "failures",
                             "latency_ttft",
                             "latency_ttfa",
                             "latency_tpot",
                             "latency_e2e",
                             "throughput",
                             "accuracy_against_cost",
                             "memory",
                             "memory_growth",
                             "mtp_acceptance",
                             "mtp_mean_length",
                             "mtp_speedup",
                             "mtp_by_context",
                             "mtp_by_segment",
                             "mtp_offline",
                             "fidelity_percentiles",
                             "fidelity_against_size",
                             "fidelity_by_position",
                             "fidelity_by_confidence",
                             "fidelity_by_segment",
                             "fidelity_against_accuracy",
                             "flips"}) {
      const Json& charts = seen.page["charts"];
      EXPECT_TRUE(std::any_of(charts.begin(), charts.end(),
                              [&](const Json& chart) { return chart["name"] == name; }))
          << name << " is not drawn";
    }
  }
}

TEST_F(Browser, DrawsTheReportOfOneEvaluation) {
  const Json whole = made_up();
  Json alone = {{"version", 1}, {"base", "bf16"}};
  alone["variants"]["served"] = {{"benchmarks", whole["variants"]["bf16"]["benchmarks"]}};
  const std::string html = render_report(alone).html;
  for (const int width : {1280, 390}) {
    const Seen seen = open(html, width);
    expect_legible(seen, width);
    EXPECT_GT(seen.page["charts"].size(), 5u);
  }
}

// More variants than there are colours, names that do not fit, a cause for each.
TEST_F(Browser, DrawsManyVariantsAndTheirCauses) {
  Json results = made_up();
  for (int i = 0; i < 6; ++i) {
    Json variant = results["variants"]["nvfp4"];
    for (int layer = 0; layer < 64; ++layer) {
      for (const char* name : {"linear_attn.in_proj_qkv", "mlp.down_proj"}) {
        const Json kl = {{"value", 0.001 * (layer + i + 1)}};
        variant["attribution"]["layers"].push_back({{"layer", layer}, {"class", name}, {"kl", kl}});
        variant["attribution"]["swap_in"].push_back(
            {{"class", name}, {"what", layer % 2 == 0 ? "weights" : "activations"}, {"kl", kl}});
      }
    }
    results["variants"]["nvfp4-autoround-linear-attention-bf16-" + std::to_string(i)] = variant;
  }
  const std::string html = render_report(results).html;
  for (const int width : {1280, 390}) expect_legible(open(html, width), width);
}

// What the other tests rely on.
TEST_F(Browser, HearsComplaintsAndSeesWidePages) {
  const Seen seen = open(
      "<html><body><div style=\"width:999px\">wide</div><script>console.error('trouble')"
      "</script></body></html>",
      390);
  ASSERT_EQ(seen.complaints.size(), 1u);
  EXPECT_NE(seen.complaints[0].find("trouble"), std::string::npos);
  EXPECT_GT(seen.page["content"], 390);
}

TEST_F(Browser, ShowsAPageOfNothing) { expect_legible(open(render_report({}).html, 390), 390); }

}  // namespace
}  // namespace quantrial

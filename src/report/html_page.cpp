#include "report/html_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "report/chart_svg.h"

namespace quantrial::report {
namespace {

std::string escape(std::string_view text) { return escaped_markup(text); }

// The number apart from its interval, so that numbers stay below each other.
std::string number_cell(const Scaled& scale, const Value& value) {
  const auto f = figure(value);
  if (!f) return escape(shown(scale, value));
  std::string cell = escape(shown(scale, f->value));
  if (f->lo) {
    cell += fmt::format(" <span class=\"ci\">[{}, {}]</span>", escape(shown(scale, *f->lo)),
                        escape(shown(scale, *f->hi)));
  }
  return cell;
}

std::string table_row(const FigureBlock& block, const Row& row, const std::vector<Scaled>& scales) {
  const DataTable& table = block.table;
  std::string out = row.tone == Tone::faint    ? "<tr class=\"faint\">"
                    : row.tone == Tone::strong ? "<tr class=\"strong\">"
                                               : "<tr>";
  for (size_t c = 0; c < table.columns.size(); ++c) {
    const Value& cell = row.values.at(c);
    const bool numeric = is_numeric(table.columns[c].unit);
    const bool name = table.columns[c].key == "variant" || table.columns[c].key == "benchmark";
    if (c == 0) {
      out += "<th scope=\"row\">" + escape(shown(scales[c], cell)) + "</th>";
    } else {
      const bool words = std::holds_alternative<std::string>(cell);
      const char* css = name       ? " class=\"name\""
                        : !numeric ? ""
                        : words    ? " class=\"why\""
                                   : " class=\"num\"";
      out += fmt::format("<td{}>{}</td>", css, number_cell(scales[c], cell));
    }
    if (!block.pictured.empty() && table.columns[c].key == block.pictured) {
      const auto f = figure(cell);
      out += "<td class=\"pic\">" +
             (f ? interval_picture(table, c, *f, block.margin) : std::string()) + "</td>";
    }
  }
  return out + "</tr>\n";
}

std::string html_table(const FigureBlock& block) {
  const DataTable& table = block.table;
  std::string out = fmt::format(
      "<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\"><table{}><thead><tr>",
      escape(table.title), block.look == FigureBlock::Look::tall ? " class=\"tall\"" : "");
  std::vector<Scaled> scales;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    scales.push_back(scaled(table, c));
    out += fmt::format("<th scope=\"col\"{}>{}{}</th>",
                       is_numeric(table.columns[c].unit) ? " class=\"num\"" : "",
                       escape(heading(table, c)),
                       has_intervals(table, c) ? " <span class=\"ci\">[95 %]</span>" : "");
    if (!block.pictured.empty() && table.columns[c].key == block.pictured) out += "<th></th>";
  }
  out += "</tr></thead><tbody>\n";
  for (const Row& row : table.rows) out += table_row(block, row, scales);
  return out + "</tbody></table></div>\n";
}

std::string csv_note(const DataTable& table) {
  return fmt::format("<span class=\"csv\">csv/{}.csv</span>", escape(table.name));
}

std::string html_chart(const DrawnChart& drawn, const std::string& name) {
  std::string out;
  if (!drawn.legend.empty()) {
    out += "<div class=\"legend\">";
    for (const LegendEntry& entry : drawn.legend) {
      out += "<span>" + entry.svg + escape(entry.label) + "</span>";
    }
    out += "</div>";
  }
  const size_t n = drawn.panels.size();
  out += fmt::format("<div class=\"panels{}\" data-chart=\"{}\">", n == 2 || n == 4 ? " even" : "",
                     escape(name));
  for (const Panel& panel : drawn.panels) {
    out += "<div class=\"panel\">";
    if (!panel.title.empty()) out += "<h4>" + escape(panel.title) + "</h4>";
    out += panel.svg + "</div>\n";
  }
  return out + "</div>\n";
}

// A block, and whether it is one small chart, with nothing beside it.
struct BlockHtml {
  std::string html;
  bool is_lone_chart = false;
};

class BlockWriter {
 public:
  BlockHtml operator()(const Paragraph& p) const {
    const char* css = p.role == Paragraph::Role::lead   ? " class=\"lead\""
                      : p.role == Paragraph::Role::note ? " class=\"note\""
                                                        : "";
    return {fmt::format("<p{}>{}</p>\n", css, escape(p.text))};
  }
  BlockHtml operator()(const BulletList& list) const {
    std::string out = "<ul>";
    for (const std::string& item : list.items) out += "<li>" + escape(item) + "</li>";
    return {out + "</ul>\n"};
  }
  BlockHtml operator()(const CodeBlock& code) const {
    return {fmt::format("<h3>{}</h3><pre class=\"code\">{}</pre>\n", escape(code.title),
                        escape(code.text))};
  }
  BlockHtml operator()(const FigureBlock& block) const {
    const DrawnChart drawn = block.chart ? draw(block.table, *block.chart) : DrawnChart{};
    const bool charted = !drawn.panels.empty();
    const bool beside = charted && block.shown == FigureBlock::Shown::beside;
    const bool is_single = drawn.panels.size() == 1;
    const char* css = beside ? "beside" : is_single ? "one" : "wide";
    const std::string head = fmt::format("<h3>{}</h3>", escape(block.table.title));
    std::string body;
    if (!block.caption.empty()) body += "<p class=\"caption\">" + escape(block.caption) + "</p>";
    if (beside) {
      body += "<div class=\"two\"><div>" + html_chart(drawn, block.table.name) + "</div><div>" +
              html_table(block) + csv_note(block.table) + "</div></div>";
    } else if (charted) {
      body += html_chart(drawn, block.table.name);
      body += "<details><summary>Numbers " + csv_note(block.table) + "</summary>" +
              html_table(block) + "</details>";
    } else {
      body += html_table(block) + csv_note(block.table);
    }
    if (block.shown == FigureBlock::Shown::folded) {
      return {fmt::format("<details class=\"figure wide\"><summary>{}</summary>{}</details>\n",
                          escape(block.table.title), body)};
    }
    return {fmt::format("<figure class=\"figure {}\">{}{}</figure>\n", css, head, body),
            is_single && block.shown == FigureBlock::Shown::whole};
  }
  BlockHtml operator()(const TextPair& pair) const {
    std::string out =
        fmt::format("<details class=\"pair\"><summary>{}</summary><dl>", escape(pair.title));
    for (const auto& [name, fact] : pair.facts) {
      out += fmt::format("<dt>{}</dt><dd>{}</dd>", escape(name), escape(fact));
    }
    return {out + "</dl><div class=\"sides\">" + side(pair.left, pair.same_bytes) +
            side(pair.right, pair.same_bytes) + "</div></details>\n"};
  }

 private:
  static std::string side(const TextPair::Side& side, size_t same) {
    const std::string_view text = side.text;
    const std::string_view rest = text.substr(same);
    const size_t mark = rest.empty() ? 0 : std::max<size_t>(utf8_sequence_length(rest), 1);
    std::string out = fmt::format(
        "<div><h4>{}</h4><pre><span class=\"same\">{}</span><mark>{}</mark>{}</pre><p>answer: "
        "{}</p>",
        escape(side.name), escape(text.substr(0, same)),
        mark == 0 ? "\u2205" : escape(visible(rest.substr(0, mark))), escape(rest.substr(mark)),
        escape(side.answer));
    if (side.next.empty()) return out + "</div>";
    out += "<p>next token where they part:</p><ol class=\"next\">";
    for (const auto& [token, probability] : side.next) {
      out += fmt::format("<li><code>{}</code> {}</li>", escape(visible(token)),
                         escape(shown({Unit::share, 100, "%"}, probability) + " %"));
    }
    return out + "</ol></div>";
  }
  // White space that one can see.
  static std::string visible(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '\n')
        out += "\u21B5";
      else if (c == '\t')
        out += "\u21E5";
      else if (c == ' ')
        out += "\u2423";
      else
        out += c;
    }
    return out;
  }
};

// Small charts that follow each other share a row where there is room.
std::string section_body(const Section& section) {
  std::string out;
  bool open = false;
  for (const Block& block : section.blocks) {
    const BlockHtml written = std::visit(BlockWriter(), block);
    if (written.is_lone_chart != open) out += open ? "</div>\n" : "<div class=\"row\">\n";
    open = written.is_lone_chart;
    out += written.html;
  }
  return out + (open ? "</div>\n" : "");
}

}  // namespace

std::string html_page(const PageTitle& title, const std::vector<Section>& sections) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>"
      "<link rel=\"icon\" href=\"data:,\"><style>{}</style></head><body>{}"
      "<header><h1>{}</h1><p class=\"sub\">{}</p></header><main>\n",
      escape(title.title), html_style, hatchings(), escape(title.title), escape(title.subtitle));
  std::string contents = "<nav aria-label=\"Contents\"><ol>";
  for (const Section& s : sections) {
    contents += fmt::format("<li><a href=\"#{}\">{}</a></li>", escape(s.id), escape(s.title));
  }
  contents += "</ol></nav>\n";
  for (size_t i = 0; i < sections.size(); ++i) {
    const Section& s = sections[i];
    out += fmt::format("<section id=\"{}\"><h2><span>{}</span> {}</h2>\n{}</section>\n",
                       escape(s.id), i + 1, escape(s.title), section_body(s));
    if (i == 0) out += contents;
  }
  return out + "</main></body></html>\n";
}

}  // namespace quantrial::report

#include "report/markdown_page.h"

#include <fmt/format.h>

#include <algorithm>

namespace quantrial::report {
namespace {

// Nothing of a text becomes markup.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_[]<>|#~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_table(const DataTable& table) {
  std::string head = "|", rule = "|";
  std::vector<Scaled> scales;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    scales.push_back(scaled(table, c));
    head += " " + escape(heading(table, c)) + " |";
    rule += is_numeric(table.columns[c].unit) ? " ---: |" : " --- |";
  }
  std::string out = head + "\n" + rule + "\n";
  for (const Row& row : table.rows) {
    out += "|";
    for (size_t c = 0; c < table.columns.size(); ++c) {
      out += " " + escape(shown(scales[c], row.values.at(c))) + " |";
    }
    out += "\n";
  }
  return out;
}

// A fence longer than any run of backticks inside.
std::string fenced(const std::string& text) {
  size_t longest = 2, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fence + "\n" + text + (text.ends_with('\n') ? "" : "\n") + fence + "\n";
}

class BlockWriter {
 public:
  std::string operator()(const Paragraph& p) const { return escape(p.text) + "\n"; }
  std::string operator()(const BulletList& list) const {
    std::string out;
    for (const std::string& item : list.items) out += "- " + escape(item) + "\n";
    return out;
  }
  std::string operator()(const FigureBlock& block) const {
    std::string out =
        "**" + escape(block.table.title) + "** (`csv/" + block.table.name + ".csv`)\n\n";
    if (!block.caption.empty()) out += escape(block.caption) + "\n\n";
    return out + markdown_table(block.table);
  }
  std::string operator()(const CodeBlock& code) const {
    return "**" + escape(code.title) + "**\n\n" + fenced(code.text);
  }
  std::string operator()(const TextPair& pair) const {
    std::string out = "**" + escape(pair.title) + "**\n\n";
    for (const auto& [name, fact] : pair.facts) out += "- " + escape(name + ": " + fact) + "\n";
    return out + "\n" + side(pair, pair.left) + "\n" + side(pair, pair.right);
  }

 private:
  static std::string side(const TextPair& pair, const TextPair::Side& side) {
    std::string out = escape(side.name) + ", from byte " + std::to_string(pair.same_bytes) +
                      " on (equal before), answer " + escape(side.answer) + ":\n\n" +
                      fenced(side.text.substr(pair.same_bytes));
    for (const auto& [token, probability] : side.next) {
      out +=
          "- next `" + escape(token) + "` " + shown({Unit::share, 100, "%"}, probability) + " %\n";
    }
    return out;
  }
};

}  // namespace

std::string markdown_page(const PageTitle& title, const std::vector<Section>& sections) {
  std::string out = "# " + escape(title.title) + "\n\n" + escape(title.subtitle) + "\n";
  for (size_t i = 0; i < sections.size(); ++i) {
    out += fmt::format("\n## {}. {}\n", i + 1, escape(sections[i].title));
    for (const Block& block : sections[i].blocks) out += "\n" + std::visit(BlockWriter(), block);
  }
  return out;
}

}  // namespace quantrial::report

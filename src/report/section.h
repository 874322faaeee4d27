// What the report says, before it is HTML or Markdown: both are made from these parts, so that they
// say the same. Adding a section: a file with its function, a line in report.cpp.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "report/chart.h"
#include "report/data_table.h"

namespace quantrial::report {

struct Paragraph {
  std::string text;
  enum class Role { plain, lead, note } role = Role::plain;
};

struct BulletList {
  std::vector<std::string> items;
};

// A table, the chart that shows it, and the CSV of both.
struct FigureBlock {
  DataTable table;
  std::optional<Chart> chart{};
  std::string caption{};
  // The table of a chart is folded but where it stands beside it.
  enum class Shown { whole, beside, folded } shown = Shown::whole;
  enum class Look { plain, tall } look = Look::plain;  // tall: intervals below their numbers
  // A column of differences that gets a small picture in every row, with this margin.
  std::string pictured{};
  std::optional<double> margin{};
};

// Lines as they stand: a command, settings.
struct CodeBlock {
  std::string title, text;
};

// Two texts side by side up to and from where they part.
struct TextPair {
  std::string title;
  size_t same_bytes = 0;  // from the start of both, no more than either has
  std::vector<std::pair<std::string, std::string>> facts;  // name, value: prompt, right answer
  struct Side {
    std::string name, text, answer;
    std::vector<std::pair<std::string, double>> next;  // likeliest tokens where the texts part
  } left, right;
};

using Block = std::variant<Paragraph, BulletList, FigureBlock, CodeBlock, TextPair>;

struct Section {
  std::string id, title;
  std::vector<Block> blocks{};

  void say(std::string text, Paragraph::Role role = Paragraph::Role::plain) {
    blocks.push_back(Paragraph{std::move(text), role});
  }
  void note(std::string text) { say(std::move(text), Paragraph::Role::note); }
  // Tables without rows are left out.
  void show(FigureBlock figure) {
    if (!figure.table.rows.empty()) blocks.push_back(std::move(figure));
  }
};

}  // namespace quantrial::report

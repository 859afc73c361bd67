#include "engine/cli/table.h"

#include <algorithm>

#include "engine/cli/text.h"

namespace warder::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 24;  // of a column that is wrapped

// Breaks at spaces; a word longer than `width` stays whole. `width` 0: no wrapping.
std::vector<std::string> Wrapped(const std::string& text, std::size_t width) {
  if (width == 0) return {text};
  std::vector<std::string> lines(1);
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!lines.back().empty() && Columns(lines.back()) + 1 + Columns(word) > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    at = end + 1;
  }
  return lines;
}

}  // namespace

Table::Table(std::vector<std::string> headings) {
  std::vector<Cell> row;
  row.reserve(headings.size());
  for (std::string& heading : headings) row.emplace_back(Ink::kBold, std::move(heading));
  rows_.push_back(std::move(row));
}

std::string Table::Text(const Output& output) const {
  const std::size_t last = rows_.front().size() - 1;
  std::vector<std::size_t> widths(last, 0);
  std::size_t before = 0;
  for (std::size_t column = 0; column < last; ++column) {
    for (const auto& row : rows_) widths[column] = std::max(widths[column], Columns(row[column].text));
    before += widths[column] + kGap;
  }
  const std::size_t width = output.look().width;
  const std::size_t room = width == 0 ? 0 : std::max(kNarrowest, width > before ? width - before : 0);

  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < last; ++column) {
      text += output.Paint(row[column].ink, row[column].text);
      if (column + 1 < last || !row[last].text.empty()) {
        text.append(widths[column] + kGap - Columns(row[column].text), ' ');
      }
    }
    bool first = true;
    for (const std::string& line : Wrapped(row[last].text, room)) {
      if (!first) text += "\n" + std::string(before, ' ');
      text += output.Paint(row[last].ink, line);
      first = false;
    }
    text += '\n';
  }
  return text;
}

}  // namespace warder::cli

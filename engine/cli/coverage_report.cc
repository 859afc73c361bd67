#include "engine/cli/coverage_report.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>

#include "engine/cli/table.h"
#include "engine/cli/text.h"

namespace warder::cli {
namespace {

constexpr std::size_t kMaxShownGaps = 24;

// "3-7, 12": runs of counted lines that have not run. Lines between two of them that are not counted split no run.
std::string GapsText(const LineCoverage::File& file) {
  std::string text;
  std::size_t gaps = 0;
  for (auto line = file.lines.begin(); line != file.lines.end();) {
    if (line->second > 0) {
      ++line;
      continue;
    }
    const std::uint32_t first = line->first;
    std::uint32_t last = first;
    for (; line != file.lines.end() && line->second == 0; ++line) last = line->first;
    if (++gaps > kMaxShownGaps) return text + ", …";
    text += (text.empty() ? "" : ", ") + std::to_string(first) + (last > first ? "-" + std::to_string(last) : "");
  }
  return text;
}

double PercentOf(const LineCoverage::File& file) {
  if (file.lines.empty()) return 100;
  return 100 * static_cast<double>(file.covered) / static_cast<double>(file.lines.size());
}

std::string Comments(std::string_view text) {
  std::string comments;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    comments.append("# ").append(text.substr(0, end)).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return comments;
}

}  // namespace

std::string PercentText(double percent) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", std::floor(percent * 100) / 100);
  return text.data();
}

std::string CoverageText(const LineCoverage& coverage, const Output& output) {
  Table table({"FILE", "% LINES", "NOT RUN"});
  for (const LineCoverage::File& file : coverage.Files()) {
    const bool whole = file.covered == file.lines.size();
    table.Add({Printable(file.path), {whole ? Ink::kPlain : Ink::kRed, PercentText(PercentOf(file))}, GapsText(file)});
  }
  table.Add({"all files", PercentText(coverage.Percent()), ""});
  return Comments(table.Text(output));
}

std::string LcovText(const LineCoverage& coverage) {
  std::string text;
  for (const LineCoverage::File& file : coverage.Files()) {
    text += "TN:\nSF:" + Printable(file.path) + "\n";
    for (const auto& [line, count] : file.lines) {
      text += "DA:" + std::to_string(line) + "," + std::to_string(count) + "\n";
    }
    text += "LF:" + std::to_string(file.lines.size()) + "\nLH:" + std::to_string(file.covered) + "\nend_of_record\n";
  }
  return text;
}

}  // namespace warder::cli

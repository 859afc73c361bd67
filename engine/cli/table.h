// Table: rows of text in aligned columns, for people. The last column is wrapped at the width of a terminal.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/output.h"

namespace warder::cli {

class Table {
 public:
  struct Cell {
    // Implicit, so that a row reads as a list of texts.
    Cell(const char* cell_text) : text(cell_text) {}             // NOLINT(google-explicit-constructor)
    Cell(std::string cell_text) : text(std::move(cell_text)) {}  // NOLINT(google-explicit-constructor)
    Cell(Ink cell_ink, std::string cell_text) : text(std::move(cell_text)), ink(cell_ink) {}
    std::string text;
    Ink ink = Ink::kPlain;
  };

  // Every row has as many cells as `headings`.
  explicit Table(std::vector<std::string> headings);
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

  std::string Text(const Output& output) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace warder::cli

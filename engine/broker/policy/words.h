// The outer form of a policy: lines of words.
//
// Words stand between blanks. `#` at the start of a word begins a comment. A word in double quotes may hold blanks,
// commas and `#`, and the escapes \" \\ \n. Outside of comments a policy is ASCII, so that what a reviewer sees is what
// is enforced; inside of them it is UTF-8 without controls that reorder text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/result.h"

namespace warder::broker {

inline constexpr std::size_t kMaxPolicyBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMaxWordBytes = 4'096;

struct Word {
  std::string text;  // without quotes and escapes
  std::size_t column = 0;
  bool quoted = false;
};

struct Line {
  std::size_t number = 0;
  std::vector<Word> words;  // at least one
  std::size_t end = 0;      // the column behind the last word
};

// The lines that say something. The error names line and column.
Result<std::vector<Line>> ReadLines(std::string_view text);

// "line 3, column 7: MESSAGE".
Error ErrorAt(std::size_t line, std::size_t column, std::string_view message);

// `text` as a word that ReadLines reads back, in quotes where it needs them.
std::string WrittenWord(std::string_view text);
std::string QuotedWord(std::string_view text);

}  // namespace warder::broker

// Reads UTF-8 one character at a time, strictly (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace warder::cli {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;  // false: one byte that begins no character
};

// The first character of `text`, which is not empty.
Character FirstCharacter(std::string_view text);

// True where a terminal or a reader could take the character for something else than text: C0 and C1 controls, line and
// paragraph separators, bidirectional controls, invisible tags.
bool IsTreacherous(char32_t code);

// The UTF-16 escape of JSON: "\u001b", a surrogate pair above U+FFFF.
std::string JsonEscape(char32_t code);

}  // namespace warder::cli

// Which characters of UTF-8 text are not what they look like, and how JSON escapes them.
#pragma once

#include <string>

#include "sandbox/base/utf8.h"

namespace warder::cli {

// True where a terminal or a reader could take the character for something else than text: C0 and C1 controls, line and
// paragraph separators, bidirectional controls, invisible tags.
bool IsTreacherous(char32_t code);

// The UTF-16 escape of JSON: "\u001b", a surrogate pair above U+FFFF.
std::string JsonEscape(char32_t code);

}  // namespace warder::cli

// How JSON escapes the characters that are not what they look like.
#pragma once

#include <string>

#include "sandbox/base/treacherous.h"
#include "sandbox/base/utf8.h"

namespace warder::cli {

// The UTF-16 escape of JSON: "\u001b", a surrogate pair above U+FFFF.
std::string JsonEscape(char32_t code);

}  // namespace warder::cli

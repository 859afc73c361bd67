// Writes a secret in the ways in which servers echo what they were sent.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace warder::broker::testing {

enum class Escape {
  kRaw,
  kPercent,       // %2f
  kPercentUpper,  // %2F, and "+" for a space
  kPercentTwice,  // %252f
  kJson,          // \u002f
  kJsonUpper,     // \u002F
  kJsonShort,     // \/ where there is one
  kJsonInJson,    // \\u002f, and \\\/
  kHtml,          // &#47;
  kHtmlZeros,     // &#0047;
  kHtmlHex,       // &#x2f;
  kHtmlHexZeros,  // &#x00002F;
  kHtmlName,      // &amp; where there is one
  kLatin1,        // bytes above 127 taken for characters
  kCount,
};

// The character (ASCII, or UTF-8) as `escape` has it; raw where that has nothing for it.
std::string Spell(std::string_view character, Escape escape);
// The characters of `secret`, each as `choose` says.
std::string SpellAll(std::string_view secret, const std::function<Escape()>& choose);

std::string Hex(std::string_view bytes, bool upper);
// Without padding, with a line break behind every `line` digits (a multiple of four; 0: none).
std::string Base64(std::string_view bytes, bool url, std::size_t line = 0, std::string_view line_break = "\r\n");

}  // namespace warder::broker::testing

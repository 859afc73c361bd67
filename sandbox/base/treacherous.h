// Which characters are not what they look like.
#pragma once

#include <algorithm>
#include <array>

namespace warder {

// True where a terminal or a reader could take the character for something else than text: C0 and C1 controls, line and
// paragraph separators, bidirectional controls, invisible tags.
inline bool IsTreacherous(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  // Unicode 15: Cc, the separators Zl and Zp, Bidi_Control, interlinear annotation, the byte order mark, tags.
  static constexpr std::array kTreacherous = {
      Range{0x0000, 0x001F}, Range{0x007F, 0x009F}, Range{0x061C, 0x061C},
      Range{0x200E, 0x200F}, Range{0x2028, 0x202E}, Range{0x2066, 0x2069},
      Range{0xFEFF, 0xFEFF}, Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE007F},
  };
  return std::any_of(kTreacherous.begin(), kTreacherous.end(),
                     [code](const Range& range) { return code >= range.first && code <= range.last; });
}

}  // namespace warder

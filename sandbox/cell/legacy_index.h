// The tables of legacy encodings (Encoding Standard, section 5: indexes): which code point a pointer stands for.
//
// They are ICU's, of the image; where ICU's differ from the standard's, which was found by comparing all entries, the
// differences are here. A converter is opened when its encoding is first used and stays for the life of the process.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace warder::cell {

// The code points of the bytes 0x80 to 0xFF; 0: none.
using SingleByteIndex = std::array<char16_t, 128>;

// The index of a single-byte encoding, by its name in the standard, in lower case; null: there is none of that name.
const SingleByteIndex* FindSingleByteIndex(std::string_view name);

// Of these, 0 means that the pointer stands for nothing.
char32_t Gb18030CodePoint(std::uint32_t pointer);
char32_t Gb18030RangesCodePoint(std::uint32_t pointer);
char32_t Jis0208CodePoint(std::uint32_t pointer);
char32_t Jis0212CodePoint(std::uint32_t pointer);
char32_t EucKrCodePoint(std::uint32_t pointer);
char32_t Big5CodePoint(std::uint32_t pointer);

}  // namespace warder::cell

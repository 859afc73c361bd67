// Small questions about text that crosses a boundary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace warder {

// Lower-case hexadecimal.
std::string HexOf(std::string_view bytes);

// One JSON document of at most `depth` levels (RFC 8259, in UTF-8); on failure `why` says what is wrong and where, and
// what it has to be.
inline constexpr std::size_t kMaxJsonDepth = 256;
bool IsJson(std::string_view text, std::string* why = nullptr, std::size_t depth = kMaxJsonDepth);

// "line 3, column 7", counted in characters from 1, of the byte at `offset`.
std::string PlaceIn(std::string_view text, std::size_t offset);

// At most `bytes` bytes, cut where a character ends, "…" appended when something was cut.
std::string Truncate(std::string_view text, std::size_t bytes);

// A 128-bit random identifier in hexadecimal, from the system's CSPRNG.
std::string RandomId();

// `count` bytes from the system's CSPRNG.
std::string RandomBytes(std::size_t count);

}  // namespace warder

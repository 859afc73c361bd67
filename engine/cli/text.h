// Text for people, made of text that nobody vouches for.
//
// Log messages, errors, paths and outputs come out of a jail. Shown raw, they could move the cursor, retitle the window
// or reorder a line. What is shown passes through Printable, PrintableLines or SafeJson; nothing else writes such text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace warder::cli {

// What one line, and one text of several lines, may show of what a script said. The rest is counted, not shown.
inline constexpr std::size_t kShownLineBytes = 4'096;
inline constexpr std::size_t kShownTextBytes = 16'384;

// On one line: control characters, line breaks, bidirectional controls, tags and broken UTF-8 stand as escapes (`\n`,
// `\x1b`,
// `\u202e`).
std::string Printable(std::string_view untrusted, std::size_t maximum = kShownLineBytes);

// As Printable, but line breaks stay: each line after the first starts with `indent`, so that no line can pass for
// ours.
std::string PrintableLines(std::string_view untrusted, std::string_view indent);

// The same JSON document, one that no terminal interprets: characters that Printable would escape stand as \uXXXX.
std::string SafeJson(std::string_view json);

// How many columns `text` takes on a terminal, one for each character.
std::size_t Columns(std::string_view text);

// "0.4 ms", "14 ms", "1.25 s", "2 m 5 s".
std::string DurationText(std::chrono::microseconds duration);

// "512 B", "1.2 KB", "21 MB" (powers of 1024).
std::string SizeText(std::uint64_t bytes);

// "1 call", "3 calls".
std::string CountText(std::uint64_t count, std::string_view noun);

}  // namespace warder::cli

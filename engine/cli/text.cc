#include "engine/cli/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "engine/cli/utf8.h"

namespace warder::cli {
namespace {

std::string Hex(const char* format, unsigned value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string VisibleEscape(const Character& character) {
  switch (character.code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  if (!character.valid || character.code < 0x80) return Hex("\\x%02x", character.code);
  return character.code > 0xFFFF ? Hex("\\u{%x}", character.code) : Hex("\\u%04x", character.code);
}

// `maximum` bounds what is taken of the text, so an escape can make the result a few times longer, never more.
std::string Shown(std::string_view text, std::size_t maximum, const std::string* line_break) {
  std::string shown;
  shown.reserve(std::min(text.size(), maximum));
  std::size_t at = 0;
  while (at < text.size() && at < maximum) {
    const Character character = FirstCharacter(text.substr(at));
    if (character.valid && character.code == '\n' && line_break != nullptr) {
      shown += *line_break;
    } else if (!character.valid || IsTreacherous(character.code)) {
      shown += VisibleEscape(character);
    } else {
      shown += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  if (at < text.size()) shown += "… (" + CountText(text.size() - at, "more byte") + ")";
  return shown;
}

std::string Decimal(double value, int digits, const char* unit) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f %s", digits, value, unit);
  return text.data();
}

}  // namespace

std::string Printable(std::string_view untrusted, std::size_t maximum) { return Shown(untrusted, maximum, nullptr); }

std::string PrintableLines(std::string_view untrusted, std::string_view indent) {
  const std::string line_break = "\n" + std::string(indent);
  return Shown(untrusted, kShownTextBytes, &line_break);
}

std::string SafeJson(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const Character character = FirstCharacter(json.substr(at));
    // Line breaks and tabs are white space of the document: inside of a string they stand escaped already.
    const bool space = character.code == '\n' || character.code == '\t' || character.code == '\r';
    if (!character.valid) {
      safe += JsonEscape(0xFFFD);
    } else if (IsTreacherous(character.code) && !space) {
      safe += JsonEscape(character.code);
    } else {
      safe += json.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  return safe;
}

std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

std::string DurationText(std::chrono::microseconds duration) {
  const auto micros = static_cast<double>(duration.count());
  if (micros < 9'950) return Decimal(micros / 1e3, 1, "ms");
  if (micros < 999'500) return Decimal(micros / 1e3, 0, "ms");
  if (micros < 59'995'000) return Decimal(micros / 1e6, 2, "s");
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  return std::to_string(seconds / 60) + " m " + std::to_string(seconds % 60) + " s";
}

std::string SizeText(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"KB", "MB", "GB", "TB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return Decimal(value, value < 9.95 ? 1 : 0, kUnits[unit]);
}

std::string CountText(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace warder::cli

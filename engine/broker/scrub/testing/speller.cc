#include "engine/broker/scrub/testing/speller.h"

#include <algorithm>
#include <cstdio>

namespace warder::broker::testing {
namespace {

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char text[32];
  const int size = std::snprintf(text, sizeof text, format, arguments...);
  return {text, static_cast<std::size_t>(size)};
}

// Bytes of the character that `text` begins with; 1 where that is no UTF-8.
std::size_t BytesOf(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead > 0xF4 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  const std::string_view rest = text.substr(1, bytes - 1);
  const bool whole = rest.size() + 1 == bytes &&
                     std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return (c & 0xC0) == 0x80; });
  return whole ? bytes : 1;
}

unsigned CodePointOf(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  unsigned value = lead & (0x7FU >> character.size());
  for (const char c : character.substr(1)) value = value << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return value;
}

std::string EachByte(std::string_view character, const char* format) {
  std::string text;
  for (const char c : character) text += Format(format, static_cast<unsigned char>(c));
  return text;
}

std::string Json(unsigned code_point, const char* format) {
  if (code_point < 0x10000) return Format(format, code_point);
  return Format(format, 0xD800 + ((code_point - 0x10000) >> 10)) + Format(format, 0xDC00 + (code_point & 0x3FF));
}

std::string ShortName(char c) {
  switch (c) {
    case '\n':
      return "n";
    case '\t':
      return "t";
    case '\r':
      return "r";
    case '/':
    case '"':
    case '\\':
      return std::string(1, c);
    default:
      return {};
  }
}

std::string HtmlName(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&apos;";
    default:
      return {};
  }
}

}  // namespace

std::string Spell(std::string_view character, Escape escape) {
  std::string raw(character);
  const unsigned code_point = CodePointOf(character);
  switch (escape) {
    case Escape::kPercent:
      return EachByte(character, "%%%02x");
    case Escape::kPercentUpper:
      return raw == " " ? "+" : EachByte(character, "%%%02X");
    case Escape::kPercentTwice:
      return EachByte(character, "%%25%02x");
    case Escape::kJson:
      return Json(code_point, "\\u%04x");
    case Escape::kJsonUpper:
      return Json(code_point, "\\u%04X");
    case Escape::kJsonShort:
      return ShortName(raw[0]).empty() ? raw : "\\" + ShortName(raw[0]);
    case Escape::kJsonInJson:
      return ShortName(raw[0]).empty() ? Json(code_point, "\\\\u%04x") : "\\\\\\" + ShortName(raw[0]);
    case Escape::kHtml:
      return Format("&#%u;", code_point);
    case Escape::kHtmlZeros:
      return Format("&#00%u;", code_point);
    case Escape::kHtmlHex:
      return Format("&#x%x;", code_point);
    case Escape::kHtmlHexZeros:
      return Format("&#x0000%X;", code_point);
    case Escape::kHtmlName:
      return HtmlName(raw[0]).empty() ? raw : HtmlName(raw[0]);
    case Escape::kLatin1: {
      if (code_point < 0x80) return raw;
      std::string text;
      for (const char c : raw) {
        const auto byte = static_cast<unsigned char>(c);
        text += {static_cast<char>(0xC0 | (byte >> 6)), static_cast<char>(0x80 | (byte & 0x3F))};
      }
      return text;
    }
    case Escape::kRaw:
    case Escape::kCount:
      break;
  }
  return raw;
}

std::string SpellAll(std::string_view secret, const std::function<Escape()>& choose) {
  std::string text;
  while (!secret.empty()) {
    const std::size_t bytes = BytesOf(secret);
    text += Spell(secret.substr(0, bytes), choose());
    secret.remove_prefix(bytes);
  }
  return text;
}

std::string Hex(std::string_view bytes, bool upper) { return EachByte(bytes, upper ? "%02X" : "%02x"); }

std::string Base64(std::string_view bytes, bool url, std::size_t line, std::string_view line_break) {
  const std::string_view digits = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                                      : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  std::size_t written = 0;
  unsigned buffer = 0;
  int bits = 0;
  const auto put = [&](unsigned value) {
    if (line != 0 && written != 0 && written % line == 0) text += line_break;
    text += digits[value & 63];
    ++written;
  };
  for (const char c : bytes) {
    buffer = buffer << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) put(buffer >> (bits - 6));
  }
  if (bits > 0) put(buffer << (6 - bits));
  return text;
}

}  // namespace warder::broker::testing

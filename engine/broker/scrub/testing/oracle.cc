#include "engine/broker/scrub/testing/oracle.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "engine/broker/scrub/testing/speller.h"

namespace warder::broker::testing {
namespace {

// What the text from some byte on may mean: `bytes`, up to `end`.
struct Reading {
  std::string bytes;
  std::size_t end;
};

struct Number {
  std::uint32_t value;
  std::size_t end;
};

std::string Utf8(std::uint32_t c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<Reading> ReadingsAt(std::size_t at) const {
    const std::vector<Reading> characters = CharactersAt(at);
    std::vector<Reading> readings = characters;
    for (const Reading& first : characters) {
      if (first.bytes != "\r") continue;
      for (const Reading& second : CharactersAt(first.end)) {
        if (second.bytes == "\n") readings.push_back(second);
      }
    }
    return readings;
  }

  std::string_view text() const { return text_; }
  bool Has(std::size_t at, std::string_view what) const {
    return at <= text_.size() && text_.substr(at).starts_with(what);
  }

 private:
  std::vector<Reading> CharactersAt(std::size_t at) const {
    std::vector<Reading> readings;
    if (at >= text_.size()) return readings;
    readings.push_back({std::string(1, text_[at]), at + 1});
    if (text_[at] == '+') readings.push_back({" ", at + 1});
    for (const std::string_view sign : {"%", "%25"}) {
      const auto byte = Has(at, sign) ? HexAt(at + sign.size(), 2) : std::nullopt;
      if (byte) readings.push_back({std::string(1, static_cast<char>(byte->value)), byte->end});
    }
    AddJson(at, &readings);
    AddHtml(at, &readings);
    for (const char lead : {'\xC2', '\xC3'}) {
      const bool latin1 = text_[at] == lead && at + 1 < text_.size() && (text_[at + 1] & 0xC0) == 0x80;
      if (latin1)
        readings.push_back({std::string(1, static_cast<char>(text_[at + 1] + (lead == '\xC3' ? 64 : 0))), at + 2});
    }
    return readings;
  }

  std::optional<Number> HexAt(std::size_t at, std::size_t digits) const {
    if (at + digits > text_.size()) return std::nullopt;
    const std::string number(text_.substr(at, digits));
    if (!std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isxdigit(c); }))
      return std::nullopt;
    return Number{static_cast<std::uint32_t>(std::stoul(number, nullptr, 16)), at + digits};
  }

  // As many as count: three.
  std::size_t BackslashesAt(std::size_t at) const {
    std::size_t count = 0;
    while (count < 3 && Has(at + count, "\\")) ++count;
    return count;
  }

  std::vector<Number> UnitsAt(std::size_t at) const {
    std::vector<Number> units;
    for (std::size_t i = 1; i <= BackslashesAt(at); ++i) {
      const auto unit = Has(at + i, "u") ? HexAt(at + i + 1, 4) : std::nullopt;
      if (unit) units.push_back(*unit);
    }
    return units;
  }

  static void AddCodePoint(Number code_point, std::vector<Reading>* readings) {
    readings->push_back({Utf8(code_point.value), code_point.end});
    if (code_point.value >= 0x80 && code_point.value < 0x100) {
      readings->push_back({std::string(1, static_cast<char>(code_point.value)), code_point.end});
    }
  }

  void AddJson(std::size_t at, std::vector<Reading>* readings) const {
    static const std::map<char, char> names = {{'b', '\b'}, {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'},
                                               {'/', '/'},  {'"', '"'},  {'\\', '\\'}, {'\'', '\''}};
    for (std::size_t i = 1; i <= BackslashesAt(at) && at + i < text_.size(); ++i) {
      const auto name = names.find(text_[at + i]);
      if (name != names.end()) readings->push_back({std::string(1, name->second), at + i + 1});
    }
    for (const Number unit : UnitsAt(at)) {
      if (unit.value < 0xD800 || unit.value > 0xDFFF) AddCodePoint(unit, readings);
      if (unit.value < 0xD800 || unit.value > 0xDBFF) continue;
      for (const Number low : UnitsAt(unit.end)) {
        if (low.value < 0xDC00 || low.value > 0xDFFF) continue;
        AddCodePoint({0x10000 + ((unit.value - 0xD800) << 10) + (low.value - 0xDC00), low.end}, readings);
      }
    }
  }

  void AddHtml(std::size_t at, std::vector<Reading>* readings) const {
    for (const auto& [name, c] :
         {std::pair{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}}) {
      if (Has(at, name)) readings->push_back({c, at + std::string_view(name).size()});
    }
    for (const std::string_view sign : {"&#", "&#x", "&#X"}) {
      if (!Has(at, sign)) continue;
      const int base = sign.size() == 3 ? 16 : 10;
      std::size_t end = at + sign.size();
      const auto is_digit = [&](unsigned char c) { return base == 16 ? std::isxdigit(c) : std::isdigit(c); };
      std::string digits;
      while (end < text_.size() && is_digit(static_cast<unsigned char>(text_[end]))) digits += text_[end++];
      if (digits.empty() || !Has(end, ";")) continue;
      const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
      if (zeros > 4 || digits.size() - zeros > 7) continue;
      const auto value = static_cast<std::uint32_t>(std::stoul(digits, nullptr, base));
      if (value <= 0x10FFFF) AddCodePoint({value, end + 1}, readings);
    }
  }

  std::string_view text_;
};

using Ends = std::set<std::size_t>;

// What is read so far, and how far one may then be in the text.
Ends MatchRaw(const std::vector<std::vector<Reading>>& readings, std::string_view secret, std::size_t start) {
  const auto begins = [&](const Reading& reading) { return secret.starts_with(reading.bytes); };
  if (std::none_of(readings[start].begin(), readings[start].end(), begins)) return {};
  std::map<std::size_t, Ends> reached{{0, {start}}};
  while (!reached.empty() && reached.begin()->first < secret.size()) {
    const auto [read, places] = *reached.begin();
    reached.erase(reached.begin());
    for (const std::size_t place : places) {
      for (const Reading& reading : readings[place]) {
        if (secret.substr(read).starts_with(reading.bytes)) reached[read + reading.bytes.size()].insert(reading.end);
      }
    }
  }
  return reached.empty() ? Ends{} : reached.begin()->second;
}

Ends MatchHex(std::string_view text, const std::string& hex, std::size_t start) {
  if (text.size() - start < hex.size()) return {};
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[start + i])) != hex[i]) return {};
  }
  return {start + hex.size()};
}

// `digits` from number `first` on; groups of four begin at number 0.
Ends MatchBase64(const Reader& reader, const std::vector<std::vector<Reading>>& readings, std::string_view digits,
                 std::size_t first, std::size_t start) {
  Ends places{start};
  for (std::size_t number = first; number < digits.size() && !places.empty(); ++number) {
    Ends behind_break = places;
    if (number % 4 == 0 && number != first) {
      for (const std::size_t place : places) {
        for (const std::string_view text : {"\n", "\r\n", "\\n", "\\r\\n"}) {
          if (reader.Has(place, text)) behind_break.insert(place + text.size());
        }
      }
    }
    Ends next;
    const char digit = digits[number];
    for (const std::size_t place : behind_break) {
      if (std::isalnum(static_cast<unsigned char>(digit))) {
        if (reader.Has(place, std::string(1, digit))) next.insert(place + 1);
        continue;
      }
      for (const Reading& reading : readings[place]) {
        if (reading.bytes == (digit == '+' ? "+" : "/") || reading.bytes == (digit == '+' ? "-" : "_")) {
          next.insert(reading.end);
        }
      }
    }
    places = next;
  }
  return places;
}

}  // namespace

Scrubbed ScrubSlowly(std::span<const std::string> secrets, std::string_view text) {
  const Reader reader(text);
  std::vector<std::vector<Reading>> readings;
  for (std::size_t at = 0; at <= text.size(); ++at) readings.push_back(reader.ReadingsAt(at));
  std::vector<std::pair<std::size_t, std::size_t>> regions;
  for (const std::string& secret : secrets) {
    std::string raw;
    for (std::size_t i = 0; i < secret.size(); ++i) {
      if (secret.compare(i, 2, "\r\n") != 0) raw += secret[i];
    }
    const std::string hex = Hex(secret, false);
    std::vector<std::string> base64;
    for (std::size_t before = 0; before < 3; ++before) {
      base64.push_back(Base64(std::string(before, '\0') + secret, false));
      base64.back().resize((before + secret.size()) * 8 / 6);  // what the secret alone decides
    }
    for (std::size_t start = 0; start < text.size(); ++start) {
      Ends ends = MatchRaw(readings, raw, start);
      ends.merge(MatchHex(text, hex, start));
      for (std::size_t before = 0; before < 3; ++before) {
        ends.merge(MatchBase64(reader, readings, base64[before], (before * 8 + 5) / 6, start));
      }
      if (!ends.empty()) regions.emplace_back(start, *ends.rbegin());
    }
  }
  std::sort(regions.begin(), regions.end());
  Scrubbed scrubbed;
  std::size_t written = 0;
  bool any = false;
  for (const auto& [start, end] : regions) {
    if (!any || start >= written) {
      scrubbed.text.append(text.substr(written, start - written)).append("[redacted]");
      ++scrubbed.redactions;
      any = true;
    }
    written = std::max(written, end);
  }
  scrubbed.text.append(text.substr(written));
  return scrubbed;
}

}  // namespace warder::broker::testing

#include "engine/broker/scrub/spelling.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <string>

#include "engine/broker/scrub/base64_digits.h"

namespace warder::broker {
namespace {

std::string Number(unsigned value, int base, std::size_t width = 0) {
  char text[16];
  const auto end = std::to_chars(std::begin(text), std::end(text), value, base).ptr;
  std::string digits(std::begin(text), end);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

bool IsAlphanumeric(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

}  // namespace

Spelling Spelling::OfByte(unsigned char byte) {
  Spelling spelling;
  if (byte >= 0x80) {
    spelling.AddByte(0, byte, kSpelled);
    return spelling;
  }
  spelling.AddAscii(0, byte, kSpelled);
  if (byte == '\n') {
    const std::uint8_t behind_return = spelling.NewPlace(true);
    spelling.AddAscii(0, '\r', behind_return);
    spelling.AddAscii(behind_return, '\n', kSpelled);
  }
  return spelling;
}

Spelling Spelling::OfCodePoint(char32_t code_point, std::string_view utf8) {
  Spelling spelling;
  std::uint8_t from = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const std::uint8_t to = i + 1 == utf8.size() ? kSpelled : spelling.NewPlace(true);
    spelling.AddByte(from, static_cast<unsigned char>(utf8[i]), to);
    from = to;
  }
  const auto number = static_cast<unsigned>(code_point);
  if (number < 0x10000) {
    spelling.AddJsonUnit(0, number, kSpelled);
  } else {
    const std::uint8_t between = spelling.NewPlace(true);
    spelling.AddJsonUnit(0, 0xD800 + ((number - 0x10000) >> 10), between);
    spelling.AddJsonUnit(between, 0xDC00 + ((number - 0x10000) & 0x3FF), kSpelled);
  }
  spelling.AddReference(0, code_point, kSpelled);
  return spelling;
}

Spelling Spelling::OfHexDigit(int value) {
  Spelling spelling;
  spelling.AddFolded(0, Number(static_cast<unsigned>(value), 16)[0], kSpelled);
  return spelling;
}

Spelling Spelling::OfBase64Digit(int value, bool behind_line_break) {
  Spelling spelling;
  const auto add = [&](std::uint8_t from) {
    for (const std::string_view alphabet : {kBase64Digits, kBase64UrlDigits}) {
      const char digit = alphabet[static_cast<std::size_t>(value)];
      spelling.AddEdge(from, digit, kSpelled);
      if (!IsAlphanumeric(digit)) spelling.AddEscapes(from, static_cast<unsigned char>(digit), kSpelled);
    }
  };
  add(0);
  if (behind_line_break) {
    const std::uint8_t line = spelling.NewPlace(true);
    for (const char* line_break : {"\n", "\r\n", "\\n", "\\r\\n"}) spelling.AddText(0, line_break, line);
    add(line);
  }
  return spelling;
}

std::size_t Spelling::longest() const {
  // There are no cycles: as many rounds as there are places settle every length.
  WipedVector<std::size_t> from(edges_.size(), 0);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t place = 0; place < edges_.size(); ++place) {
      for (const Edge& edge : edges_[place]) {
        const std::size_t length = 1 + (edge.place == kSpelled ? 0 : from[edge.place]);
        changed |= length > from[place];
        from[place] = std::max(from[place], length);
      }
    }
  }
  return from[0];
}

std::uint8_t Spelling::NewPlace(bool joint) {
  if (edges_.size() >= kSpelled) std::abort();  // the longest character needs fewer places (see the test)
  edges_.emplace_back();
  edges_into_.emplace(edges_into_.end() - 1);
  joint_.push_back(joint);
  return static_cast<std::uint8_t>(edges_.size() - 1);
}

void Spelling::AddEdge(std::uint8_t from, char byte, std::uint8_t to) {
  const Edge edge{static_cast<unsigned char>(byte), to};
  WipedVector<Edge>& edges = edges_[from];
  if (std::find(edges.begin(), edges.end(), edge) != edges.end()) return;
  edges.push_back(edge);
  (to == kSpelled ? edges_into_.back() : edges_into_[to]).push_back({edge.byte, from});
}

void Spelling::AddFolded(std::uint8_t from, char byte, std::uint8_t to) {
  AddEdge(from, byte, to);
  if (byte >= 'a' && byte <= 'z') AddEdge(from, static_cast<char>(byte - 'a' + 'A'), to);
}

std::uint8_t Spelling::Through(std::uint8_t from, char byte, bool folded) {
  for (const Edge& edge : edges_[from]) {
    if (edge.byte == static_cast<unsigned char>(byte) && edge.place != kSpelled && !joint_[edge.place]) {
      return edge.place;
    }
  }
  const std::uint8_t place = NewPlace(false);
  folded ? AddFolded(from, byte, place) : AddEdge(from, byte, place);
  return place;
}

void Spelling::AddText(std::uint8_t from, std::string_view text, std::uint8_t to, bool folded) {
  for (const char c : text.substr(0, text.size() - 1)) from = Through(from, c, folded);
  folded ? AddFolded(from, text.back(), to) : AddEdge(from, text.back(), to);
}

void Spelling::AddByte(std::uint8_t from, unsigned char byte, std::uint8_t to) {
  AddEdge(from, static_cast<char>(byte), to);
  AddPercent(from, byte, to);
  const char latin1[] = {static_cast<char>(0xC0 | (byte >> 6)), static_cast<char>(0x80 | (byte & 0x3F))};
  AddText(from, {latin1, 2}, to);
  AddJsonUnit(from, byte, to);
  AddReference(from, byte, to);
}

void Spelling::AddAscii(std::uint8_t from, unsigned char byte, std::uint8_t to) {
  AddEdge(from, static_cast<char>(byte), to);
  AddEscapes(from, byte, to);
}

void Spelling::AddEscapes(std::uint8_t from, unsigned char ascii, std::uint8_t to) {
  AddPercent(from, ascii, to);
  AddJsonUnit(from, ascii, to);
  AddReference(from, ascii, to);
  switch (ascii) {
    case ' ':
      return AddEdge(from, '+', to);
    case '\b':
      return AddJsonShort(from, 'b', to);
    case '\f':
      return AddJsonShort(from, 'f', to);
    case '\t':
      return AddJsonShort(from, 't', to);
    case '\r':
      return AddJsonShort(from, 'r', to);
    case '\n':
      return AddJsonShort(from, 'n', to);
    case '/':
      return AddJsonShort(from, '/', to);
    case '\\':
      return AddJsonShort(from, '\\', to);
    case '"':
      AddJsonShort(from, '"', to);
      return AddText(from, "&quot;", to);
    case '\'':
      AddJsonShort(from, '\'', to);
      return AddText(from, "&apos;", to);
    case '&':
      return AddText(from, "&amp;", to);
    case '<':
      return AddText(from, "&lt;", to);
    case '>':
      return AddText(from, "&gt;", to);
    default:
      return;
  }
}

void Spelling::AddPercent(std::uint8_t from, unsigned char byte, std::uint8_t to) {
  AddText(from, "%" + Number(byte, 16, 2), to, true);
  AddText(from, "%25" + Number(byte, 16, 2), to, true);
}

void Spelling::AddJsonUnit(std::uint8_t from, unsigned unit, std::uint8_t to) {
  const std::uint8_t digits = NewPlace(false);
  AddText(digits, Number(unit, 16, 4), to, true);
  for (int i = 0; i < kMaxBackslashes; ++i) {
    from = Through(from, '\\', false);
    AddEdge(from, 'u', digits);
  }
}

void Spelling::AddJsonShort(std::uint8_t from, char name, std::uint8_t to) {
  for (int i = 0; i < kMaxBackslashes; ++i) {
    from = Through(from, '\\', false);
    AddEdge(from, name, to);
  }
}

void Spelling::AddReference(std::uint8_t from, char32_t code_point, std::uint8_t to) {
  const std::uint8_t decimal = Through(Through(from, '&', false), '#', false);
  AddDigits(decimal, Number(static_cast<unsigned>(code_point), 10), to);
  AddDigits(Through(decimal, 'x', true), Number(static_cast<unsigned>(code_point), 16), to);
}

void Spelling::AddDigits(std::uint8_t from, std::string_view digits, std::uint8_t to) {
  const std::uint8_t rest = NewPlace(false);
  if (digits.size() > 1) {
    AddText(rest, std::string(digits.substr(1)) + ";", to, true);
  } else {
    AddEdge(rest, ';', to);
  }
  for (int zeros = 0;; ++zeros) {
    AddFolded(from, digits[0], rest);
    if (zeros == kMaxLeadingZeros) return;
    const std::uint8_t zero = NewPlace(false);
    AddEdge(from, '0', zero);
    from = zero;
  }
}

}  // namespace warder::broker

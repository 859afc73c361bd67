// One character of a secret, in every way it can be written: a small graph that is walked byte by byte.
//
// The places of the graph are numbered from 0, where nothing of the character was read yet; kSpelled is its end. There
// are no cycles, so that a character is spelled in a bounded number of bytes.
//
//   raw           the bytes themselves
//   percent       %2F, %2f (RFC 3986), "+" for a space, and the same encoded once more: %252F
//   JSON          / \n \" and the like, \u002F, surrogate pairs (RFC 8259); also within a JSON text within a JSON text:
//                 up to three backslashes
//   HTML          &amp; &lt; &gt; &quot; &apos;, &#47; and &#x2F; with up to four leading zeros
//   Latin-1       a byte above 127 that someone took for a character of that number
//   line breaks   a line feed is also met as CR LF
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sandbox/base/wiped.h"

namespace warder::broker {

class Spelling {
 public:
  static constexpr std::uint8_t kSpelled = 255;
  static constexpr int kMaxLeadingZeros = 4;
  static constexpr int kMaxBackslashes = 3;

  struct Edge {
    unsigned char byte;
    std::uint8_t place;  // where it leads, or, looking back, where it comes from
    bool operator==(const Edge&) const = default;
  };

  // A byte that stands alone: ASCII, or above 127 and not part of valid UTF-8.
  static Spelling OfByte(unsigned char byte);
  // A character above 127; `utf8` are its bytes.
  static Spelling OfCodePoint(char32_t code_point, std::string_view utf8);
  // Half a byte in hexadecimal, in either case.
  static Spelling OfHexDigit(int value);
  // Six bits in base64 or base64url (RFC 4648). What is neither letter nor digit can itself be escaped; where a line
  // may end in front of it (MIME, PEM), a line break is skipped.
  static Spelling OfBase64Digit(int value, bool behind_line_break);

  std::span<const Edge> EdgesFrom(std::uint8_t place) const { return edges_[place]; }
  // Into a place, or kSpelled.
  std::span<const Edge> EdgesInto(std::uint8_t place) const {
    return place == kSpelled ? edges_into_.back() : edges_into_[place];
  }
  std::size_t places() const { return edges_.size(); }
  // Bytes of the longest way to write it.
  std::size_t longest() const;

 private:
  Spelling() = default;

  std::uint8_t NewPlace(bool joint);
  void AddEdge(std::uint8_t from, char byte, std::uint8_t to);
  // A hexadecimal digit or "x", in either case.
  void AddFolded(std::uint8_t from, char byte, std::uint8_t to);
  std::uint8_t Through(std::uint8_t from, char byte, bool folded);
  void AddText(std::uint8_t from, std::string_view text, std::uint8_t to, bool folded = false);
  void AddByte(std::uint8_t from, unsigned char byte, std::uint8_t to);  // above 127
  void AddAscii(std::uint8_t from, unsigned char byte, std::uint8_t to);
  void AddEscapes(std::uint8_t from, unsigned char ascii, std::uint8_t to);
  void AddPercent(std::uint8_t from, unsigned char byte, std::uint8_t to);
  void AddJsonUnit(std::uint8_t from, unsigned unit, std::uint8_t to);
  void AddJsonShort(std::uint8_t from, char name, std::uint8_t to);
  void AddReference(std::uint8_t from, char32_t code_point, std::uint8_t to);
  void AddDigits(std::uint8_t from, std::string_view digits, std::uint8_t to);

  WipedVector<WipedVector<Edge>> edges_ = WipedVector<WipedVector<Edge>>(1);
  WipedVector<WipedVector<Edge>> edges_into_ = WipedVector<WipedVector<Edge>>(2);  // the last is kSpelled's
  // A place between two characters is not shared with a spelling that passes by.
  WipedVector<bool> joint_ = WipedVector<bool>(1, true);
};

}  // namespace warder::broker

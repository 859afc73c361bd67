// The texts in which secrets are searched for, each a row of characters.
//
// A secret has one form as it is, in which any character may be escaped; one in hexadecimal; and three in base64, one
// for each place that its first byte can have in a group of three. Of base64 only those digits count that the secret
// alone decides: up to two characters at either end also hold bits of the neighbours, and stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/broker/scrub/spelling.h"
#include "sandbox/base/wiped.h"

namespace warder::broker {

// How far into which character a reader is: the character's number (24 bits), the place in its spelling (8 bits).
class Node {
 public:
  constexpr Node() = default;
  constexpr Node(std::uint32_t character, std::uint8_t place) : bits_(character << 8 | place) {}
  constexpr std::uint32_t character() const { return bits_ >> 8; }
  constexpr std::uint8_t place() const { return static_cast<std::uint8_t>(bits_); }
  constexpr bool operator==(const Node&) const = default;
  constexpr bool operator<(Node other) const { return bits_ < other.bits_; }

 private:
  std::uint32_t bits_ = 0;
};

struct Form {
  std::uint32_t first;    // its first character's number
  std::uint32_t spotted;  // the first character that the Spotter leaves to others
  std::uint32_t end;      // behind its last character
};

class Forms {
 public:
  void AddSecret(std::string_view secret);

  std::span<const Form> all() const { return forms_; }
  // At a form's end, where nothing follows, this must not be asked.
  std::span<const Spelling::Edge> EdgesFrom(Node node) const {
    return spellings_[characters_[node.character()]].EdgesFrom(node.place());
  }
  // It has all of its form's first characters.
  bool IsSpotted(Node node) const { return spotted_[node.character()]; }
  std::size_t PlacesOf(std::uint32_t character) const { return spellings_[characters_[character]].places(); }
  // Where `edge` leads: into the spelling, or to the next character.
  static Node Follow(Node node, Spelling::Edge edge) {
    return edge.place == Spelling::kSpelled ? Node(node.character() + 1, 0) : Node(node.character(), edge.place);
  }
  // Calls `visit` with every node from which `byte` leads to `node`.
  template <typename Visitor>
  void ForEachBefore(Node node, char byte, Visitor visit) const {
    const bool first_place = node.place() == 0;
    const std::uint32_t character = node.character() - (first_place ? 1 : 0);
    const Spelling& spelling = spellings_[characters_[character]];
    for (const Spelling::Edge edge : spelling.EdgesInto(first_place ? Spelling::kSpelled : node.place())) {
      if (edge.byte == static_cast<unsigned char>(byte)) visit(Node(character, edge.place));
    }
  }
  // Nothing of its form was read; there is no node before it.
  bool IsBeginning(Node node) const {
    return node.place() == 0 && (node.character() == 0 || characters_[node.character() - 1] == kEnd);
  }
  bool IsEnd(Node node) const { return characters_[node.character()] == kEnd; }
  // Bytes that the characters [first, end) have at most.
  std::size_t Longest(std::uint32_t first, std::uint32_t end) const;

 private:
  static constexpr std::uint16_t kEnd = 0xFFFF;
  enum class Kind : std::uint32_t { kByte, kCodePoint, kHexDigit, kBase64Digit, kBase64DigitBehindLineBreak };

  void AddRaw(std::string_view secret);
  void AddHex(std::string_view secret);
  void AddBase64(std::string_view secret, std::size_t bytes_before);
  void AddCharacter(Kind kind, std::uint32_t value, std::string_view utf8 = {});
  // What was added since the last call becomes a form.
  void EndForm(std::uint32_t spotted);

  WipedVector<Form> forms_;
  WipedVector<std::uint16_t> characters_;  // a number of a spelling, or kEnd behind each form
  WipedVector<bool> spotted_;              // by character
  WipedVector<Spelling> spellings_;
  WipedVector<std::uint32_t> keys_;  // of each spelling: kind and value
};

}  // namespace warder::broker

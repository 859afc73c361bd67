// Numbers that follow from a seed alone, on every machine (SplitMix64).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace warder::wire {

class Random {
 public:
  // Unrelated sequences for neighbouring streams of one seed.
  Random(std::uint64_t seed, std::uint64_t stream) : state_(seed * 0x9e3779b97f4a7c15 ^ stream * 0xd1342543de82ef95) {
    Next();
  }

  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(Next() % bound); }
  bool Percent(std::size_t percent) { return Below(100) < percent; }
  template <typename List>
  const auto& Pick(const List& list) {
    return list[Below(std::size(list))];
  }
  char Byte() { return static_cast<char>(Next()); }
  std::string From(std::string_view alphabet, std::size_t size) {
    std::string text;
    while (text.size() < size) text += Pick(alphabet);
    return text;
  }
  std::string Bytes(std::size_t size) {
    std::string text;
    while (text.size() < size) text += Byte();
    return text;
  }

 private:
  std::uint64_t state_;
};

}  // namespace warder::wire

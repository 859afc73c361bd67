// The one source of randomness that a script can see: ChaCha20 (RFC 8439) keyed with the seed of Start.
//
// Math.random, crypto.getRandomValues and randomUUID all draw from it in the order of their calls, so that a replay
// with the same seed repeats them, and two executions with different seeds share nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace warder::cell {

class SeedStream {
 public:
  static constexpr std::size_t kSeedBytes = 32;

  SeedStream() = default;
  explicit SeedStream(std::span<const unsigned char, kSeedBytes> seed);

  void Fill(std::span<unsigned char> out);
  // Uniform in [0, 1) with 53 bits.
  double NextDouble();

 private:
  void Refill();

  std::array<std::uint32_t, 16> state_{};
  std::array<unsigned char, 64> block_{};
  std::size_t used_ = 64;
};

}  // namespace warder::cell

#include "sandbox/cell/seed_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace warder::cell {
namespace {

static_assert(std::endian::native == std::endian::little, "words are copied as they stand");

void QuarterRound(std::array<std::uint32_t, 16>& x, int a, int b, int c, int d) {
  x[a] += x[b];
  x[d] = std::rotl(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = std::rotl(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = std::rotl(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = std::rotl(x[b] ^ x[c], 7);
}

}  // namespace

SeedStream::SeedStream(std::span<const unsigned char, kSeedBytes> seed)
    : state_{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574} {
  std::memcpy(&state_[4], seed.data(), seed.size());
}

void SeedStream::Refill() {
  std::array<std::uint32_t, 16> x = state_;
  for (int round = 0; round < 10; ++round) {
    QuarterRound(x, 0, 4, 8, 12);
    QuarterRound(x, 1, 5, 9, 13);
    QuarterRound(x, 2, 6, 10, 14);
    QuarterRound(x, 3, 7, 11, 15);
    QuarterRound(x, 0, 5, 10, 15);
    QuarterRound(x, 1, 6, 11, 12);
    QuarterRound(x, 2, 7, 8, 13);
    QuarterRound(x, 3, 4, 9, 14);
  }
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += state_[i];
  std::memcpy(block_.data(), x.data(), block_.size());
  // A 64-bit block counter in words 12 and 13, as in the original cipher: it never wraps here.
  if (++state_[12] == 0) ++state_[13];
  used_ = 0;
}

void SeedStream::Fill(std::span<unsigned char> out) {
  while (!out.empty()) {
    if (used_ == block_.size()) Refill();
    const std::size_t count = std::min(out.size(), block_.size() - used_);
    std::memcpy(out.data(), block_.data() + used_, count);
    used_ += count;
    out = out.subspan(count);
  }
}

double SeedStream::NextDouble() {
  std::array<unsigned char, 8> bytes{};
  Fill(bytes);
  return static_cast<double>(std::bit_cast<std::uint64_t>(bytes) >> 11) * 0x1.0p-53;
}

}  // namespace warder::cell

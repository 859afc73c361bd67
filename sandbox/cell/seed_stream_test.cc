#include "sandbox/cell/seed_stream.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace warder::cell {
namespace {

TEST(SeedStreamTest, IsChaCha20) {
  // RFC 8439, appendix A.1, test vector 1: key, nonce and counter are zero.
  const std::array<unsigned char, SeedStream::kSeedBytes> zero{};
  SeedStream stream(zero);
  std::array<unsigned char, 16> out{};
  stream.Fill(out);
  const std::array<unsigned char, 16> expected = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
                                                  0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
  EXPECT_EQ(out, expected);
}

TEST(SeedStreamTest, GoesOnWhereItStopped) {
  std::array<unsigned char, SeedStream::kSeedBytes> seed{};
  std::iota(seed.begin(), seed.end(), static_cast<unsigned char>(1));
  SeedStream whole(seed);
  SeedStream pieces(seed);
  std::vector<unsigned char> expected(1000);
  std::vector<unsigned char> got(1000);
  whole.Fill(expected);
  for (std::size_t at = 0, size = 1; at < got.size(); at += size, size = std::min(size * 2 + 1, got.size() - at)) {
    pieces.Fill({got.data() + at, std::min(size, got.size() - at)});
  }
  EXPECT_EQ(got, expected);
}

TEST(SeedStreamTest, DoublesAreInTheUnitInterval) {
  SeedStream stream(std::array<unsigned char, SeedStream::kSeedBytes>{7});
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double number = stream.NextDouble();
    ASSERT_GE(number, 0);
    ASSERT_LT(number, 1);
    sum += number;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

}  // namespace
}  // namespace warder::cell

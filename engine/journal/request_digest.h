// A long piece of a request's body in a journal: what a replay compares it by. The piece itself is not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warder::journal {

// Longer pieces than this stand in a journal by their hash.
inline constexpr std::size_t kMaxKeptPieceBytes = std::size_t{16} << 10;

struct RequestDigest {
  std::uint64_t call = 0;
  std::uint64_t size = 0;
  bool last = false;
  std::string sha256;  // 32 bytes
  bool operator==(const RequestDigest&) const = default;
};

RequestDigest DigestOfPiece(std::uint64_t call, std::string_view data, bool last);

// The call and the size, eight bytes each, little-endian; 1 or 0 for the last one; the hash.
std::string EncodeDigest(const RequestDigest& digest);
std::optional<RequestDigest> DecodeDigest(std::string_view payload);

}  // namespace warder::journal

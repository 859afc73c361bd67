#include "engine/journal/request_digest.h"

#include "engine/base/sha256.h"

namespace warder::journal {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kEncodedBytes = 8 + 8 + 1 + kHashBytes;

void AppendNumber(std::uint64_t number, std::string* out) {
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(number >> shift & 0xff));
}

std::uint64_t NumberOf(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

RequestDigest DigestOfPiece(std::uint64_t call, std::string_view data, bool last) {
  Sha256 hash;
  hash.Update(data);
  return {.call = call, .size = data.size(), .last = last, .sha256 = hash.Digest()};
}

std::string EncodeDigest(const RequestDigest& digest) {
  std::string out;
  AppendNumber(digest.call, &out);
  AppendNumber(digest.size, &out);
  out.push_back(digest.last ? '\1' : '\0');
  return out + digest.sha256;
}

std::optional<RequestDigest> DecodeDigest(std::string_view payload) {
  if (payload.size() != kEncodedBytes || static_cast<unsigned char>(payload[16]) > 1) return std::nullopt;
  return RequestDigest{.call = NumberOf(payload.substr(0, 8)),
                       .size = NumberOf(payload.substr(8, 8)),
                       .last = payload[16] == '\1',
                       .sha256 = std::string(payload.substr(17))};
}

}  // namespace warder::journal

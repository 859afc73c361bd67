#include "engine/broker/address_class.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <vector>

namespace warder::broker {
namespace {

namespace ip = boost::asio::ip;

constexpr std::array kSpecialRanges = {
#include "engine/broker/special_ranges.inc"
};

// Ranges that are no prefix.
constexpr SpecialRange kIsatap{"::5efe:0:0/96", "ISATAP", "RFC 5214", "carries an IPv4 address that nobody judged"};
constexpr SpecialRange kNotGlobal{"outside 2000::/3", "not global unicast", "RFC 4291", "not assigned to anybody"};

struct Network {
  std::array<unsigned char, 16> bytes{};
  unsigned prefix_bits = 0;
  bool v6 = false;
  const SpecialRange* range = nullptr;
};

std::array<unsigned char, 16> BytesOf(const ip::address& address) {
  std::array<unsigned char, 16> bytes{};
  if (address.is_v6()) return address.to_v6().to_bytes();
  const auto v4 = address.to_v4().to_bytes();
  std::copy(v4.begin(), v4.end(), bytes.begin());
  return bytes;
}

const std::vector<Network>& Networks() {
  static const std::vector<Network> networks = [] {
    std::vector<Network> parsed;
    for (const SpecialRange& range : kSpecialRanges) {
      const bool v6 = range.network.find(':') != std::string_view::npos;
      Network network{.v6 = v6, .range = &range};
      const std::string text(range.network);
      if (v6) {
        const auto read = ip::make_network_v6(text);
        network.bytes = BytesOf(read.address());
        network.prefix_bits = read.prefix_length();
      } else {
        const auto read = ip::make_network_v4(text);
        network.bytes = BytesOf(read.address());
        network.prefix_bits = read.prefix_length();
      }
      parsed.push_back(network);
    }
    return parsed;
  }();
  return networks;
}

bool Holds(const Network& network, const std::array<unsigned char, 16>& bytes) {
  for (unsigned bit = 0; bit < network.prefix_bits; bit += 8) {
    const unsigned bits = std::min(8U, network.prefix_bits - bit);
    const auto mask = static_cast<unsigned char>(0xff00U >> bits);
    if (((bytes[bit / 8] ^ network.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool IsNat64(const std::array<unsigned char, 16>& bytes) {
  constexpr std::array<unsigned char, 12> kPrefix = {0x00, 0x64, 0xff, 0x9b};
  return std::equal(kPrefix.begin(), kPrefix.end(), bytes.begin());
}

// RFC 5214 6.1: the interface identifier is 0000:5efe or 0200:5efe followed by an IPv4 address.
bool IsIsatap(const std::array<unsigned char, 16>& bytes) {
  return (bytes[8] & 0xfdU) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

}  // namespace

std::span<const SpecialRange> SpecialRanges() { return kSpecialRanges; }

const SpecialRange* FindSpecialRange(const ip::address& address) {
  const auto bytes = BytesOf(address);
  if (address.is_v6() && IsNat64(bytes)) {
    return FindSpecialRange(ip::address_v4({bytes[12], bytes[13], bytes[14], bytes[15]}));
  }
  for (const Network& network : Networks()) {
    if (network.v6 == address.is_v6() && Holds(network, bytes)) return network.range;
  }
  if (!address.is_v6()) return nullptr;
  if ((bytes[0] & 0xe0U) != 0x20) return &kNotGlobal;
  return IsIsatap(bytes) ? &kIsatap : nullptr;
}

}  // namespace warder::broker

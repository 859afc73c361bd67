#include "engine/broker/address_class.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <vector>

namespace warder::broker {
namespace {

namespace ip = boost::asio::ip;

// Sources: IANA iana-ipv4-special-registry and iana-ipv6-special-registry, and the RFC of each row.
constexpr std::array kSpecialRanges = {
    SpecialRange{"0.0.0.0/8", "this network", "RFC 791"},
    SpecialRange{"10.0.0.0/8", "private", "RFC 1918"},
    SpecialRange{"100.64.0.0/10", "shared address space (carrier-grade NAT)", "RFC 6598"},
    SpecialRange{"127.0.0.0/8", "loopback", "RFC 1122"},
    SpecialRange{"169.254.0.0/16", "link-local (cloud metadata)", "RFC 3927"},
    SpecialRange{"172.16.0.0/12", "private", "RFC 1918"},
    SpecialRange{"192.0.0.0/24", "IETF protocol assignments", "RFC 6890"},
    SpecialRange{"192.0.2.0/24", "documentation (TEST-NET-1)", "RFC 5737"},
    SpecialRange{"192.31.196.0/24", "AS112", "RFC 7535"},
    SpecialRange{"192.52.193.0/24", "AMT", "RFC 7450"},
    SpecialRange{"192.88.99.0/24", "6to4 relay anycast (deprecated)", "RFC 7526"},
    SpecialRange{"192.168.0.0/16", "private", "RFC 1918"},
    SpecialRange{"192.175.48.0/24", "AS112 direct delegation", "RFC 7534"},
    SpecialRange{"198.18.0.0/15", "benchmarking", "RFC 2544"},
    SpecialRange{"198.51.100.0/24", "documentation (TEST-NET-2)", "RFC 5737"},
    SpecialRange{"203.0.113.0/24", "documentation (TEST-NET-3)", "RFC 5737"},
    SpecialRange{"224.0.0.0/4", "multicast", "RFC 5771"},
    SpecialRange{"255.255.255.255/32", "broadcast", "RFC 919"},
    SpecialRange{"240.0.0.0/4", "reserved", "RFC 1112"},
    SpecialRange{"::/128", "unspecified", "RFC 4291"},
    SpecialRange{"::1/128", "loopback", "RFC 4291"},
    SpecialRange{"::ffff:0:0/96", "IPv4-mapped", "RFC 4291"},
    SpecialRange{"::ffff:0:0:0/96", "IPv4-translated", "RFC 2765"},
    SpecialRange{"::/96", "IPv4-compatible (deprecated)", "RFC 4291"},
    SpecialRange{"64:ff9b:1::/48", "local-use IPv4 translation", "RFC 8215"},
    SpecialRange{"100::/64", "discard only", "RFC 6666"},
    SpecialRange{"100:0:0:1::/64", "dummy prefix", "RFC 9780"},
    SpecialRange{"2001::/32", "Teredo", "RFC 4380"},
    SpecialRange{"2001:2::/48", "benchmarking", "RFC 5180"},
    SpecialRange{"2001:3::/32", "AMT", "RFC 7450"},
    SpecialRange{"2001:4:112::/48", "AS112", "RFC 7535"},
    SpecialRange{"2001:10::/28", "ORCHID (deprecated)", "RFC 4843"},
    SpecialRange{"2001:20::/28", "ORCHIDv2", "RFC 7343"},
    SpecialRange{"2001:30::/28", "drone remote identification", "RFC 9374"},
    SpecialRange{"2001::/23", "IETF protocol assignments", "RFC 2928"},
    SpecialRange{"2001:db8::/32", "documentation", "RFC 3849"},
    SpecialRange{"2002::/16", "6to4", "RFC 3056"},
    SpecialRange{"2620:4f:8000::/48", "AS112 direct delegation", "RFC 7534"},
    SpecialRange{"3fff::/20", "documentation", "RFC 9637"},
    SpecialRange{"5f00::/16", "segment routing (SRv6)", "RFC 9602"},
    SpecialRange{"fc00::/7", "unique local", "RFC 4193"},
    SpecialRange{"fe80::/10", "link-local", "RFC 4291"},
    SpecialRange{"fec0::/10", "site-local (deprecated)", "RFC 3879"},
    SpecialRange{"ff00::/8", "multicast", "RFC 4291"},
};

// Ranges that are no prefix.
constexpr SpecialRange kIsatap{"::5efe:0:0/96", "ISATAP", "RFC 5214"};
constexpr SpecialRange kNotGlobal{"outside 2000::/3", "not global unicast", "RFC 4291"};

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

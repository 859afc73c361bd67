#include "engine/broker/address_class.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace warder::broker {
namespace {

namespace ip = boost::asio::ip;

std::string NameOf(const std::string& address) {
  const SpecialRange* range = FindSpecialRange(ip::make_address(address));
  return range == nullptr ? "public" : std::string(range->name);
}

TEST(AddressClass, PublicAddresses) {
  for (const char* address :
       {"1.1.1.1",           "8.8.8.8",        "93.184.216.34",   "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",    "100.128.0.0",    "126.255.255.255", "128.0.0.0",       "169.253.255.255",
        "169.255.0.0",       "172.15.255.255", "172.32.0.0",      "192.0.1.0",       "192.167.255.255",
        "192.169.0.0",       "198.17.255.255", "198.20.0.0",      "223.255.255.255", "2606:4700::1111",
        "2a00:1450:4001::1", "2001:200::1",    "2001:4860::8888", "2003::1",         "3ffe:ffff::1",
        "64:ff9b::808:808"}) {
    EXPECT_EQ(NameOf(address), "public") << address;
  }
}

TEST(AddressClass, FirstAndLastAddressOfEveryRangeAreSpecial) {
  for (const SpecialRange& range : SpecialRanges()) {
    const std::string text(range.network);
    if (text.find(':') == std::string::npos) {
      const auto network = ip::make_network_v4(text);
      EXPECT_NE(FindSpecialRange(network.network()), nullptr) << text;
      EXPECT_NE(FindSpecialRange(network.broadcast()), nullptr) << text;
    } else {
      const auto network = ip::make_network_v6(text);
      EXPECT_EQ(network.canonical(), network) << text << " has bits behind its prefix";
      auto last = network.network().to_bytes();
      for (unsigned bit = network.prefix_length(); bit < 128; ++bit) {
        last[bit / 8] = static_cast<unsigned char>(last[bit / 8] | (0x80U >> (bit % 8)));
      }
      EXPECT_NE(FindSpecialRange(network.network()), nullptr) << text;
      EXPECT_NE(FindSpecialRange(ip::address_v6(last)), nullptr) << text;
    }
  }
}

TEST(AddressClass, NamesTheRange) {
  EXPECT_EQ(NameOf("127.0.0.1"), "loopback");
  EXPECT_EQ(NameOf("::1"), "loopback");
  EXPECT_EQ(NameOf("::"), "unspecified");
  EXPECT_EQ(NameOf("169.254.169.254"), "link-local (cloud metadata)");
  EXPECT_EQ(NameOf("fd00:ec2::254"), "unique local");
  EXPECT_EQ(NameOf("fe80::1"), "link-local");
  EXPECT_EQ(NameOf("::ffff:8.8.8.8"), "IPv4-mapped");
  EXPECT_EQ(NameOf("::8.8.8.8"), "IPv4-compatible (deprecated)");
  EXPECT_EQ(NameOf("::ffff:0:8.8.8.8"), "IPv4-translated");
  EXPECT_EQ(NameOf("64:ff9b::10.0.0.1"), "private");
  EXPECT_EQ(NameOf("64:ff9b:1::8.8.8.8"), "local-use IPv4 translation");
  EXPECT_EQ(NameOf("2002:0808:0808::1"), "6to4");
  EXPECT_EQ(NameOf("2001:0:808:808::1"), "Teredo");
  EXPECT_EQ(NameOf("2606:4700::5efe:808:808"), "ISATAP");
  EXPECT_EQ(NameOf("2606:4700::200:5efe:808:808"), "ISATAP");
  EXPECT_EQ(NameOf("255.255.255.255"), "broadcast");
  EXPECT_EQ(NameOf("ff02::1"), "multicast");
  EXPECT_EQ(NameOf("4000::1"), "not global unicast");
  EXPECT_EQ(NameOf("200::1"), "not global unicast");
}

}  // namespace
}  // namespace warder::broker

#include "engine/broker/address_class.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <fstream>
#include <optional>
#include <vector>

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

// A row of the registries, read here once more and in another way than the table's generator does.
struct Row {
  std::string network;
  ip::address first, last;
  unsigned prefix_bits;
};

std::vector<Row> ReadRows(const std::string& file) {
  std::ifstream in(std::string(IANA_FOLDER) + "/" + file);
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    const std::size_t end = line.front() == '"' ? line.find('"', 1) : line.find(',');
    const std::string cell = line.substr(0, end);
    // A cell may hold two networks, and marks of footnotes behind them.
    for (std::size_t at = 0; (at = cell.find_first_of("0123456789abcdef:", at)) != std::string::npos;) {
      const std::string network = cell.substr(at, cell.find_first_not_of("0123456789abcdef.:/", at) - at);
      at += network.size();
      const std::size_t slash = network.find('/');
      if (slash == std::string::npos) continue;
      Row row{network,
              ip::make_address(network.substr(0, slash)),
              {},
              static_cast<unsigned>(std::stoul(network.substr(slash + 1)))};
      row.last = row.first.is_v4() ? ip::address(ip::make_network_v4(row.network).broadcast()) : row.first;
      if (row.first.is_v6()) {
        auto bytes = row.first.to_v6().to_bytes();
        for (unsigned bit = row.prefix_bits; bit < 128; ++bit) {
          bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] | (0x80U >> (bit % 8)));
        }
        row.last = ip::address_v6(bytes);
      }
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<Row> AllRows() {
  std::vector<Row> all;
  for (const char* file : {"ipv4-special-registry.csv", "ipv6-special-registry.csv", "additions.csv"}) {
    const auto rows = ReadRows(file);
    EXPECT_FALSE(rows.empty()) << file;
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

// `address` and one more or less; nothing where the addresses end.
std::optional<ip::address> Neighbour(const ip::address& address, int step) {
  if (address.is_v4()) {
    const std::int64_t value = std::int64_t{address.to_v4().to_uint()} + step;
    if (value < 0 || value > 0xffffffff) return std::nullopt;
    return ip::address_v4(static_cast<std::uint32_t>(value));
  }
  auto bytes = address.to_v6().to_bytes();
  for (int i = 15; i >= 0; --i) {
    bytes[i] = static_cast<unsigned char>(bytes[i] + step);
    if (bytes[i] != (step > 0 ? 0 : 0xff)) return ip::address_v6(bytes);
  }
  return std::nullopt;
}

// What the rows say: the most specific that holds the address.
std::string Expected(const std::vector<Row>& rows, const ip::address& address) {
  const Row* best = nullptr;
  for (const Row& row : rows) {
    const bool holds = row.first.is_v4() == address.is_v4() && row.first <= address && address <= row.last;
    if (holds && (best == nullptr || best->prefix_bits < row.prefix_bits)) best = &row;
  }
  if (best != nullptr) return best->network;
  return address.is_v4() || (address.to_v6().to_bytes()[0] & 0xe0U) == 0x20 ? "public" : "outside 2000::/3";
}

std::string NetworkOf(const ip::address& address) {
  const SpecialRange* range = FindSpecialRange(address);
  return range == nullptr ? "public" : std::string(range->network);
}

TEST(AddressClass, EveryRowHoldsItsFirstAndLastAddressAndNoOther) {
  const auto rows = AllRows();
  std::size_t checked = 0;
  for (const Row& row : rows) {
    for (const auto& address : {std::optional(row.first), std::optional(row.last), Neighbour(row.first, -1),
                                Neighbour(row.last, 1), Neighbour(row.first, 1)}) {
      if (!address) continue;
      // NAT64 is judged by the IPv4 address inside.
      const bool nat64 = address->is_v6() && *address >= ip::make_address("64:ff9b::") &&
                         *address <= ip::make_address("64:ff9b::ffff:ffff");
      const auto bytes = address->is_v6() ? address->to_v6().to_bytes() : ip::address_v6::bytes_type{};
      const ip::address judged =
          nat64 ? ip::address(ip::address_v4({bytes[12], bytes[13], bytes[14], bytes[15]})) : *address;
      EXPECT_EQ(NetworkOf(*address), Expected(rows, judged)) << row.network << " " << *address;
      ++checked;
    }
  }
  EXPECT_GT(checked, 270U);
}

TEST(AddressClass, TheTableIsTheRegistriesAndSaysWhy) {
  const auto rows = AllRows();
  EXPECT_EQ(SpecialRanges().size(), rows.size());
  for (const SpecialRange& range : SpecialRanges()) {
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.network == range.network; }))
        << range.network;
    EXPECT_TRUE(range.source.starts_with("RFC ")) << range.network;
    EXPECT_FALSE(range.name.empty() || range.reason.empty()) << range.network;
  }
}

TEST(AddressClass, NamesTheRange) {
  EXPECT_EQ(NameOf("127.0.0.1"), "Loopback");
  EXPECT_EQ(NameOf("::1"), "Loopback Address");
  EXPECT_EQ(NameOf("::"), "Unspecified Address");
  EXPECT_EQ(NameOf("169.254.169.254"), "Link Local (cloud metadata)");
  EXPECT_EQ(NameOf("fd00:ec2::254"), "Unique-Local (cloud metadata)");
  EXPECT_EQ(NameOf("fd00::1"), "Unique-Local");
  EXPECT_EQ(NameOf("fe80::1"), "Link-Local Unicast");
  EXPECT_EQ(NameOf("::ffff:8.8.8.8"), "IPv4-mapped Address");
  EXPECT_EQ(NameOf("::8.8.8.8"), "IPv4-compatible (deprecated)");
  EXPECT_EQ(NameOf("::ffff:0:8.8.8.8"), "IPv4-translated");
  EXPECT_EQ(NameOf("64:ff9b::10.0.0.1"), "Private-Use");
  EXPECT_EQ(NameOf("64:ff9b:1::8.8.8.8"), "IPv4-IPv6 Translat.");
  EXPECT_EQ(NameOf("2002:0808:0808::1"), "6to4");
  EXPECT_EQ(NameOf("2001:0:808:808::1"), "TEREDO");
  EXPECT_EQ(NameOf("2606:4700::5efe:808:808"), "ISATAP");
  EXPECT_EQ(NameOf("2606:4700::200:5efe:808:808"), "ISATAP");
  EXPECT_EQ(NameOf("255.255.255.255"), "Limited Broadcast");
  EXPECT_EQ(NameOf("ff02::1"), "Multicast");
  EXPECT_EQ(NameOf("4000::1"), "not global unicast");
  EXPECT_EQ(NameOf("200::1"), "not global unicast");
}

}  // namespace
}  // namespace warder::broker

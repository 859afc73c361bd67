// What an IP address is for, by the registries of IANA: public, or one of the special ranges.
//
// The broker connects to public addresses only, unless the policy names the special address itself. The table is the
// union of the IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and RFC 8190) and of what they leave out,
// made from iana/*.csv: multicast, and every form that carries an IPv4 address inside an IPv6 one. In IPv6 only
// 2000::/3 can be public: the rest is not assigned for it.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <span>
#include <string_view>

namespace warder::broker {

struct SpecialRange {
  std::string_view network;  // "10.0.0.0/8", "fc00::/7"
  std::string_view name;     // as its registry has it: "Private-Use"
  std::string_view source;   // "RFC 1918"
  std::string_view reason;   // why it is no public address
};

// Every special range, IPv4 first. Of several that hold an address the most specific, which comes first, names it.
std::span<const SpecialRange> SpecialRanges();

// The special range that holds `address`, or nullptr: it is public. 64:ff9b::/96 (NAT64, RFC 6052) is judged by the
// IPv4 address inside it; every other embedding is special.
const SpecialRange* FindSpecialRange(const boost::asio::ip::address& address);

}  // namespace warder::broker

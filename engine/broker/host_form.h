// The three spellings of a host that the broker accepts, and nothing that anyone could read in two ways.
//
// A resolver, a URL parser and a person disagree about "2130706433", "0x7f.1", "127.1" and "0177.0.0.1". Here a host is
// a DNS name (RFC 1123 letters, digits and hyphens; at least one label that cannot be a number at the end), an IPv4
// address as four plain decimal numbers, or an IPv6 address in the form of RFC 5952. Everything else is refused.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::broker {

enum class HostKind { kName, kIpv4, kIpv6 };

struct Host {
  HostKind kind = HostKind::kName;
  std::string text;  // lower-case; an IPv6 address without brackets
};

// Reads the host of a URL: "API.example.com", "192.0.2.1", "[2001:db8::1]". The error names the rule and, cut short,
// the host.
Result<Host> ParseHost(std::string_view text);

}  // namespace warder::broker

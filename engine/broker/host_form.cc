#include "engine/broker/host_form.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "engine/broker/ascii.h"

namespace warder::broker {
namespace {

constexpr std::size_t kMaxNameBytes = 253;  // RFC 1035 2.3.4, as text without the trailing dot
constexpr std::size_t kMaxLabelBytes = 63;
constexpr std::size_t kQuotedBytes = 80;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Error Bad(std::string_view host, std::string_view why) {
  std::string quoted(host.substr(0, kQuotedBytes));
  for (char& c : quoted) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return InvalidInput("host \"" + quoted + "\" " + std::string(why));
}

// The one text that inet_ntop writes for what inet_pton read; empty when it is no address.
std::string Rewritten(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (::inet_pton(family, text.c_str(), bytes.data()) != 1) return {};
  if (::inet_ntop(family, bytes.data(), out.data(), out.size()) == nullptr) return {};
  return out.data();
}

Result<Host> ParseIpv6(std::string_view text) {
  if (text.size() < 4 || text.back() != ']') return Bad(text, "opens a bracket that does not close an IPv6 address");
  const std::string inside = LowerCase(text.substr(1, text.size() - 2));
  const std::string canonical = Rewritten(AF_INET6, inside);
  if (canonical.empty()) return Bad(text, "is not an IPv6 address");
  if (canonical.find('.') != std::string::npos) {
    return Bad(text, "is an IPv4 address inside an IPv6 address; write the IPv4 address itself");
  }
  if (canonical != inside) return Bad(text, "is not written as RFC 5952 asks; write [" + canonical + "]");
  return Host{HostKind::kIpv6, canonical};
}

// What inet_aton, the WHATWG URL standard or a browser would take for a number: digits only, or 0x and hexadecimal
// digits.
bool LooksNumeric(std::string_view label) {
  if (std::all_of(label.begin(), label.end(), IsDigit)) return true;
  if (label.size() < 2 || label[0] != '0' || (label[1] != 'x' && label[1] != 'X')) return false;
  return std::all_of(label.begin() + 2, label.end(),
                     [](char c) { return IsDigit(c) || (LowerCase(c) >= 'a' && LowerCase(c) <= 'f'); });
}

std::string_view BadLabel(std::string_view label) {
  if (label.empty()) return "has an empty label; no leading, trailing or double dots";
  if (label.size() > kMaxLabelBytes) return "has a label longer than 63 characters";
  if (label.front() == '-' || label.back() == '-') return "has a label that begins or ends with a hyphen";
  for (const char c : label) {
    if (static_cast<unsigned char>(c) >= 0x80) return "is not ASCII; write it in punycode (xn--...)";
    if (!IsDigit(c) && !IsLetter(c) && c != '-') return "has a character other than letters, digits, hyphens and dots";
  }
  return {};
}

}  // namespace

Result<Host> ParseHost(std::string_view text) {
  if (text.empty()) return InvalidInput("the host is missing");
  if (text.front() == '[') return ParseIpv6(text);
  if (text.size() > kMaxNameBytes) return Bad(text, "is longer than 253 characters");
  std::string_view last;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    last = text.substr(begin, end - begin);
    if (const std::string_view why = BadLabel(last); !why.empty()) return Bad(text, why);
    begin = end + 1;
  }
  if (!LooksNumeric(last)) return Host{HostKind::kName, LowerCase(text)};
  std::string address(text);
  if (Rewritten(AF_INET, address) == address) return Host{HostKind::kIpv4, std::move(address)};
  return Bad(text, "looks like an address; write IPv4 as four decimal numbers without leading zeros");
}

}  // namespace warder::broker

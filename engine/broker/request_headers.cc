#include "engine/broker/request_headers.h"

#include <algorithm>
#include <array>

#include "engine/broker/ascii.h"

namespace warder::broker {
namespace {

constexpr std::string_view kFraming = "the broker frames the message itself";
constexpr std::string_view kConnection = "the broker owns the connection";
constexpr std::string_view kPeer = "the broker names the peer, from the URL that was judged";
constexpr std::string_view kProxy = "it speaks to proxies, on behalf of the broker's machine";
constexpr std::string_view kForwarding = "it claims who the client is; upstreams trust it";
constexpr std::string_view kOverride = "it changes the method or path after they were judged";
constexpr std::string_view kCoding = "the broker negotiates what it can decode within bounds";

constexpr std::array kRefusedHeaders = {
    HeaderRule{"host", kPeer},
    HeaderRule{"content-length", kFraming},
    HeaderRule{"transfer-encoding", kFraming},
    HeaderRule{"te", kFraming},
    HeaderRule{"trailer", kFraming},
    HeaderRule{"expect", kFraming},
    HeaderRule{"connection", kConnection},
    HeaderRule{"keep-alive", kConnection},
    HeaderRule{"upgrade", kConnection},
    HeaderRule{"http2-settings", kConnection},
    HeaderRule{"alt-used", kConnection},
    HeaderRule{"early-data", kConnection},
    HeaderRule{"sec-*", "only a browser may set it"},
    HeaderRule{"proxy", "CGI upstreams take it for the proxy of their own calls (httpoxy)"},
    HeaderRule{"proxy-*", kProxy},
    HeaderRule{"max-forwards", kProxy},
    HeaderRule{"via", kForwarding},
    HeaderRule{"forwarded", kForwarding},
    HeaderRule{"x-forwarded", kForwarding},
    HeaderRule{"x-forwarded-*", kForwarding},
    HeaderRule{"x-forward-*", kForwarding},
    HeaderRule{"x-real-ip", kForwarding},
    HeaderRule{"x-client-ip", kForwarding},
    HeaderRule{"x-cluster-client-ip", kForwarding},
    HeaderRule{"x-originating-ip", kForwarding},
    HeaderRule{"x-remote-ip", kForwarding},
    HeaderRule{"x-remote-addr", kForwarding},
    HeaderRule{"true-client-ip", kForwarding},
    HeaderRule{"cf-connecting-ip", kForwarding},
    HeaderRule{"fastly-client-ip", kForwarding},
    HeaderRule{"client-ip", kForwarding},
    HeaderRule{"x-host", kPeer},
    HeaderRule{"x-http-method", kOverride},
    HeaderRule{"x-http-method-override", kOverride},
    HeaderRule{"x-method-override", kOverride},
    HeaderRule{"x-original-url", kOverride},
    HeaderRule{"x-rewrite-url", kOverride},
    HeaderRule{"x-original-host", kPeer},
    HeaderRule{"accept-encoding", kCoding},
    HeaderRule{"accept-charset", "it is obsolete (RFC 9110 section 12.5.2)"},
};

constexpr std::array<std::string_view, 7> kAllowedMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                             "PATCH", "DELETE", "OPTIONS"};

bool IsTokenByte(char c) {
  if ((c >= '0' && c <= '9') || (LowerCase(c) >= 'a' && LowerCase(c) <= 'z')) return true;
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return c != '\0' && kPunctuation.find(c) != std::string_view::npos;
}

}  // namespace

std::span<const HeaderRule> RefusedHeaders() { return kRefusedHeaders; }
std::span<const std::string_view> AllowedMethods() { return kAllowedMethods; }

const HeaderRule* FindRefusal(std::string_view name) {
  // CGI-like upstreams read "_" as "-": Content_Length would become another CONTENT_LENGTH.
  std::string lower = LowerCase(name);
  std::replace(lower.begin(), lower.end(), '_', '-');
  for (const HeaderRule& rule : kRefusedHeaders) {
    const bool prefix = rule.name.back() == '*';
    const std::string_view stem = rule.name.substr(0, rule.name.size() - (prefix ? 1 : 0));
    if (prefix ? lower.starts_with(stem) : lower == stem) return &rule;
  }
  return nullptr;
}

bool IsToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenByte); }

bool IsFieldValue(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!text.empty() && (blank(text.front()) || blank(text.back()))) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return blank(c) || (byte > 0x20 && byte != 0x7f);
  });
}

Result<void> CheckMethod(std::string_view method) {
  if (std::find(kAllowedMethods.begin(), kAllowedMethods.end(), method) != kAllowedMethods.end()) return {};
  const std::string named = IsToken(method) && method.size() <= 32 ? std::string(method) : "it";
  return Refused("the method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS in capitals; " + named +
                 " is not among them");
}

Result<void> CheckRequestHeaders(const HeaderList& headers) {
  if (headers.size() > kMaxRequestHeaders) {
    return Refused("a request has at most " + std::to_string(kMaxRequestHeaders) + " headers");
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    if (!IsToken(name) || name.size() > 256)
      return Refused("a header name must be an RFC 9110 token of 1 to 256 characters");
    if (const HeaderRule* rule = FindRefusal(name)) {
      return Refused("the header " + name + " cannot be set: " + std::string(rule->reason));
    }
    if (!IsFieldValue(value)) {
      return Refused("the value of the header " + name +
                     " holds a line break or another control character, or blanks around it");
    }
    bytes += name.size() + value.size();
  }
  if (bytes > kMaxRequestHeaderBytes) {
    return Refused("the headers of a request have at most " + std::to_string(kMaxRequestHeaderBytes) +
                   " bytes together");
  }
  return {};
}

}  // namespace warder::broker

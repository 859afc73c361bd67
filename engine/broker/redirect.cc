#include "engine/broker/redirect.h"

#include <algorithm>
#include <array>

#include "engine/broker/ascii.h"

namespace warder::broker {
namespace {

constexpr std::array<std::string_view, 5> kCrossOriginHeaders = {"accept", "accept-language", "content-language",
                                                                 "content-type", "user-agent"};
constexpr std::array<std::string_view, 4> kBodyHeaders = {"content-encoding", "content-language", "content-location",
                                                          "content-type"};

bool Contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), LowerCase(name)) != names.end();
}

}  // namespace

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::span<const std::string_view> CrossOriginHeaders() { return kCrossOriginHeaders; }

Result<Hop> FollowRedirect(const Hop& from, int status, std::string_view location) {
  auto url = ResolveLocation(from.url, location);
  if (!url) return url.error();
  Hop next{from.method, std::move(*url), from.headers, from.has_body};
  const bool to_get = ((status == 301 || status == 302) && from.method == "POST") ||
                      (status == 303 && from.method != "GET" && from.method != "HEAD");
  if (to_get) {
    next.method = "GET";
    next.has_body = false;
    std::erase_if(next.headers, [](const auto& header) { return Contains(kBodyHeaders, header.first); });
  }
  if (next.url.origin != from.url.origin) {
    std::erase_if(next.headers, [](const auto& header) { return !Contains(kCrossOriginHeaders, header.first); });
  }
  return next;
}

}  // namespace warder::broker

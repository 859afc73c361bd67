#include "engine/inspector/request_check.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <string>

namespace warder::inspector {
namespace {

constexpr std::size_t kMaxHostBytes = 64;
constexpr std::size_t kMaxPortDigits = 5;

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= kMaxPortDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool IsLocalHost(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostBytes) return false;
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  std::string_view name = host;
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    if (!IsPort(host.substr(colon + 1))) return false;
    name = host.substr(0, colon);
  }
  boost::system::error_code error;
  if (name.starts_with('[') && name.ends_with(']')) {
    boost::asio::ip::make_address_v6(std::string(name.substr(1, name.size() - 2)), error);
    // A zone could be any text.
    return !error && name.find('%') == std::string_view::npos;
  }
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "localhost") return true;
  boost::asio::ip::make_address_v4(lower, error);
  return !error;
}

bool IsDevTools(std::string_view origin) {
  return origin == "devtools://devtools" || origin == "chrome-devtools://devtools";
}

}  // namespace warder::inspector

#include "engine/broker/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "engine/broker/ascii.h"

namespace warder::broker {

bool IsIdempotent(std::string_view method, const HeaderList& headers) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE") return true;
  return std::any_of(headers.begin(), headers.end(),
                     [](const auto& header) { return EqualsIgnoreCase(header.first, "idempotency-key"); });
}

bool IsRetryableStatus(int status) { return status == 429 || (status >= 502 && status <= 504); }

std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value,
                                                         std::chrono::system_clock::time_point now) {
  value = Trim(value);
  if (value.empty() || value.size() > 64) return std::nullopt;
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (end == value.data() + value.size()) {
    return error == std::errc() ? std::chrono::seconds(seconds) : std::chrono::milliseconds::max();
  }
  const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  // In seconds: the year 9999 is beyond what the clock's nanoseconds can count.
  const std::int64_t wait = static_cast<std::int64_t>(date) - std::chrono::system_clock::to_time_t(now);
  return std::chrono::seconds(std::max<std::int64_t>(wait, 0));
}

std::chrono::milliseconds Backoff(std::uint64_t next, double random) {
  const auto doublings = std::min<std::uint64_t>(next > 2 ? next - 2 : 0, 16);
  const std::chrono::milliseconds most = std::min(kFirstBackoff * (std::int64_t{1} << doublings), kMaxBackoff);
  return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(most.count()) * random));
}

}  // namespace warder::broker

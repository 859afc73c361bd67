// When a call is tried again, and after how long: decisions only.
//
// What may have had an effect is not repeated, unless its sender says that repeating it has none (RFC 9110, section
// 9.2.2; an Idempotency-Key header). Waits grow and are random between nothing and their bound ("full jitter"), so that
// clients which failed together do not come back together; an upstream that names a time (Retry-After) is believed up
// to a bound.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/broker/request_headers.h"

namespace warder::broker {

inline constexpr std::chrono::milliseconds kFirstBackoff{200};
inline constexpr std::chrono::milliseconds kMaxBackoff{10'000};
// An upstream that asks for more than that gets no further attempt: the script sees its answer.
inline constexpr std::chrono::milliseconds kMaxRetryAfter{30'000};

// GET, HEAD, OPTIONS, PUT and DELETE, and everything with an Idempotency-Key.
bool IsIdempotent(std::string_view method, const HeaderList& headers);

// 429, 502, 503 and 504: the upstream says that it did not, or could not, do it now.
bool IsRetryableStatus(int status);

// Section 10.2.3: seconds, or a date. Nothing: it is neither.
std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value,
                                                         std::chrono::system_clock::time_point now);

// Before attempt number `next` (from 2). `random` is uniform in [0, 1).
std::chrono::milliseconds Backoff(std::uint64_t next, double random);

}  // namespace warder::broker

// Quantities as people write them: "500ms", "64KB", "1000". FormatLimit (warder/limits.h) writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "warder/limits.h"

namespace warder {

// "60s" -> 60000. Nothing where it is not a whole number with a suffix of the unit, or too large for 64 bits. A number
// without a suffix is in milliseconds, bytes or a count.
std::optional<std::uint64_t> ParseQuantity(LimitUnit unit, std::string_view text);

}  // namespace warder

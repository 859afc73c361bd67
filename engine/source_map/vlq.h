// ECMA-426, "base64 VLQ": signed 32-bit numbers as base64 digits of five bits, the least significant first.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace warder::source_map {

// Takes one number from the front of `text`. Nothing where there is none, or none of 32 bits; `text` is then anywhere.
std::optional<std::int64_t> TakeVlq(std::string_view* text);

}  // namespace warder::source_map

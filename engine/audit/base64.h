// Base64 (RFC 4648 section 4) with one spelling for every sequence of bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace warder::audit {

std::string Base64Of(std::string_view bytes);

// Nothing where `text` is not exactly what Base64Of gives: no white space, no other alphabet, padded, no stray bits.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace warder::audit

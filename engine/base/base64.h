// Base64 (RFC 4648) with one spelling for every sequence of bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace warder {

// Section 4: padded.
std::string Base64Of(std::string_view bytes);

// Nothing where `text` is not exactly what Base64Of gives: no white space, no other alphabet, padded, no stray bits.
std::optional<std::string> FromBase64(std::string_view text);

// Section 5, the alphabet for URLs and file names, not padded (RFC 7515 appendix C).
std::string Base64UrlOf(std::string_view bytes);

}  // namespace warder

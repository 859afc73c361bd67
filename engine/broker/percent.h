// Percent-encoding (RFC 3986 section 2.1).
#pragma once

#include <string>
#include <string_view>

namespace warder::broker {

// The value of a hexadecimal digit; -1: it is none.
int HexValue(char c);

// `text` begins with "%" and two hexadecimal digits.
bool IsPercentEscape(std::string_view text);
// Every escape as the byte that it stands for, once; everything else as it is.
std::string PercentDecoded(std::string_view text);

// "%2F", in capitals.
std::string PercentEscape(char c);
// Every byte escaped but letters, digits and "-._~".
std::string PercentEncoded(std::string_view bytes);

}  // namespace warder::broker

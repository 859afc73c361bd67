// Text as HTTP and URLs compare it: ASCII alone, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace warder::broker {

char LowerCase(char c);
std::string LowerCase(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
// Without the blanks at both ends (OWS, RFC 9110 section 5.6.3).
std::string_view Trim(std::string_view text);

}  // namespace warder::broker

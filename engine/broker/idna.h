// Internationalised host names: from what people write to what DNS holds (IDNA2008 as UTS #46 has it, non-transitional,
// with STD3 rules; libidn2).
//
// Mapping is where one name gets several spellings: U+FF41 is an "a", U+2460 a "1", U+3002 a dot. Only what stays a
// name beyond ASCII, label by label, is taken; other spellings of ASCII are refused, as is everything that would become
// an address.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::broker {

// `host` has characters beyond ASCII, or a label that says it is an A-label ("xn--...").
bool NeedsIdna(std::string_view host);

// `host` in A-labels, lower-case. Refused: what is not UTF-8 or not a name by UTS #46; A-labels that are none, or stand
// beside characters beyond ASCII; ideographic dots; labels that only spell ASCII; names without a dot; addresses.
Result<std::string> ToAsciiHost(std::string_view host);

}  // namespace warder::broker

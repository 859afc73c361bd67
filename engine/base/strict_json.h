// JSON from someone who may want two readers to see two things: bounded depth, and no name twice in one object.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder {

inline constexpr std::size_t kMaxStrictDepth = 16;

// One RFC 8259 document, valid UTF-8. The error says what is wrong, without what the text holds.
Result<boost::json::value> ParseStrict(std::string_view text);

}  // namespace warder

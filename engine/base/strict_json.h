// JSON from someone who may want two readers to see two things: bounded depth, and no name twice in one object.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder {

inline constexpr std::size_t kMaxStrictDepth = 16;

// One RFC 8259 document, valid UTF-8. The error says what is wrong, without what the text holds. Everything that is
// made of it is in `storage`.
Result<boost::json::value> ParseStrict(std::string_view text, const boost::json::storage_ptr& storage = {},
                                       std::size_t depth = kMaxStrictDepth);

// A value as a part of a sentence: JSON, cut short where it is long.
std::string Shown(const boost::json::value& value);

// Memory that is overwritten before it is given back: for a document that holds secrets.
boost::json::storage_ptr WipingStorage();

}  // namespace warder

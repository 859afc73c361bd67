// One spelling for a JSON document: names sorted by their bytes, no white space, no numbers but whole ones.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>

namespace warder::store {

// Nothing where the document holds a number that is not whole, or is nested deeper than `depth`.
std::optional<std::string> CanonicalJson(const boost::json::value& value, int depth = 16);

}  // namespace warder::store

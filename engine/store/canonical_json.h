// One spelling for a JSON document: names sorted by their bytes, no white space, and no numbers but whole ones unless
// they are asked for.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>

namespace warder::store {

// What becomes of a number that is not whole.
enum class Doubles {
  kRefuse,
  kShortest,  // the shortest form that reads back to the same number
};

// Nothing where the document holds a number that is refused, or is nested deeper than `depth`.
std::optional<std::string> CanonicalJson(const boost::json::value& value, int depth = 16,
                                         Doubles doubles = Doubles::kRefuse);

}  // namespace warder::store

// What a fixture expects of a value whose every part it does not know: patterns, which stand in expected JSON.
//
//   {"$any": true}              anything, as long as it is there
//   {"$any": "string"}          … of this type: string, number, boolean, object, array
//   {"$like": "ord_{id}"}       a text that the template describes (text_template.h)
//   {"$contains": {"a": 1}}     what has at least these members and elements
//   {"$is": {"$any": true}}     this, as it stands
//
// An object with one of these names has no other member. Any other object is itself.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "engine/cli/json_field.h"

namespace warder::cli {

// Throws EngineError(kInvalid) where a pattern in the value is malformed.
void CheckPatterns(const JsonField& field);

// The pattern of what has at least what `value` has.
boost::json::value Containing(boost::json::value value);

// What differs between JSON with patterns and JSON, as Difference shows it. Patterns that describe what is there are no
// difference. `actual` that is no JSON differs.
std::string PatternDifference(const boost::json::value& expected, const std::string& actual);
std::string PatternDifference(const std::string& expected_json, const std::string& actual);

}  // namespace warder::cli

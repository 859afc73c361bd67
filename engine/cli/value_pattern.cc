#include "engine/cli/value_pattern.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <string_view>

#include "engine/base/text.h"
#include "engine/cli/text_template.h"
#include "warder/replay.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kAny = "$any";
constexpr std::string_view kLike = "$like";
constexpr std::string_view kContains = "$contains";
constexpr std::string_view kIs = "$is";
constexpr std::array kNames = {kAny, kLike, kContains, kIs};

enum class Members { kAll, kAtLeastThese };

// The name of the pattern that `value` is; empty: it is none.
std::string_view PatternIn(const json::value& value) {
  if (!value.is_object() || value.get_object().size() != 1) return {};
  const std::string_view name = value.get_object().begin()->key();
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  return found == kNames.end() ? std::string_view() : *found;
}

bool IsOfType(const json::value& value, const json::value& type) {
  if (type.is_bool()) return true;
  const json::string& name = type.get_string();
  return (name == "string" && value.is_string()) || (name == "number" && value.is_number()) ||
         (name == "boolean" && value.is_bool()) || (name == "object" && value.is_object()) ||
         (name == "array" && value.is_array());
}

// `expected` with what is there in the place of each pattern that describes it, so that what is left differs.
json::value Resolved(const json::value& expected, const json::value& actual, Members members) {
  if (const std::string_view pattern = PatternIn(expected); !pattern.empty()) {
    const json::value& inner = expected.get_object().begin()->value();
    if (pattern == kIs) return inner;
    if (pattern == kContains) return Resolved(inner, actual, Members::kAtLeastThese);
    const bool holds = pattern == kAny ? IsOfType(actual, inner)
                                       : actual.is_string() && MatchesTemplate(inner.get_string(), actual.get_string());
    return holds ? actual : expected;
  }
  if (expected.is_object() && actual.is_object()) {
    json::object object;
    for (const auto& [name, inner] : expected.get_object()) {
      const json::value* const found = actual.get_object().if_contains(name);
      object[name] = found == nullptr ? inner : Resolved(inner, *found, members);
    }
    if (members == Members::kAll) return object;
    for (const auto& [name, inner] : actual.get_object()) {
      if (!object.contains(name)) object[name] = inner;
    }
    return object;
  }
  if (expected.is_array() && actual.is_array()) {
    json::array array;
    for (const json::value& inner : expected.get_array()) {
      const json::value* const found = actual.get_array().if_contains(array.size());
      array.push_back(found == nullptr ? inner : Resolved(inner, *found, members));
    }
    return array;
  }
  return expected;
}

}  // namespace

void CheckPatterns(const JsonField& field) {
  if (field.Is(json::kind::array)) {
    for (const JsonField& each : field.Elements("")) CheckPatterns(each);
  }
  if (!field.Is(json::kind::object)) return;
  for (const std::string_view name : kNames) {
    const auto inner = field.Member(name);
    if (!inner) continue;
    if (field.value().get_object().size() != 1) {
      field.Wrong("beside \"" + std::string(name) +
                  "\" there is nothing else; write {\"$is\": …} for the value itself");
    }
    if (name == kIs) return;
    if (name == kAny && !(inner->Is(json::kind::bool_) && inner->value().get_bool())) {
      if (inner->Is(json::kind::bool_)) inner->Wrong("it has to be true, or a type such as \"string\"");
      inner->OneOf({"string", "number", "boolean", "object", "array"});
    }
    if (name == kLike) {
      const std::string text = inner->Text("it has to be a text, with {name} for a part that may be anything");
      if (const std::string wrong = WrongWithTemplate(text); !wrong.empty()) {
        inner->Wrong("it " + wrong + "; write {name} for a part that may be anything");
      }
    }
  }
  for (const std::string& name : field.Names("")) CheckPatterns(*field.Member(name));
}

json::value Containing(json::value value) { return json::object{{kContains, std::move(value)}}; }

std::string PatternDifference(const json::value& expected, const std::string& actual) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  const json::value is = json::parse(actual, error, {}, options);
  if (error) return Difference(json::serialize(expected), actual);
  return Difference(json::serialize(Resolved(expected, is, Members::kAll)), actual);
}

std::string PatternDifference(const std::string& expected_json, const std::string& actual) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return PatternDifference(json::parse(expected_json, {}, options), actual);
}

}  // namespace warder::cli

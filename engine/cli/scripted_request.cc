#include "engine/cli/scripted_request.h"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/base/text.h"
#include "engine/cli/text_template.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxShownBytes = 400;

std::string Pair(const std::string& place, const std::string& expected, const std::string& actual) {
  return place + "\n  - " + Truncate(expected, kMaxShownBytes) + "\n  + " + Truncate(actual, kMaxShownBytes) + "\n";
}

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> HeaderOf(const ScriptedRequest& request, std::string_view name) {
  std::optional<std::string> found;
  for (const auto& [each, value] : request.headers) {
    if (SameName(each, name)) found = found ? *found + ", " + value : value;
  }
  return found;
}

std::string HeaderDifference(const ExpectedRequest& expected, const ScriptedRequest& request) {
  std::string diff;
  for (const auto& [name, wanted] : expected.headers) {
    const auto is = HeaderOf(request, name);
    if (wanted ? is && MatchesTemplate(*wanted, *is) : !is) continue;
    diff += Pair("header " + name, wanted.value_or("(none)"), is.value_or("(none)"));
  }
  return diff;
}

// Takes away what is not asked for, so that what is left can be compared: `value` as far as `wanted` speaks of it.
json::value Restricted(const json::value& value, const json::value& wanted) {
  if (value.is_object() && wanted.is_object()) {
    json::object object;
    for (const auto& [name, inner] : wanted.get_object()) {
      if (const json::value* found = value.get_object().if_contains(name)) object[name] = Restricted(*found, inner);
    }
    return object;
  }
  if (value.is_array() && wanted.is_array()) {
    json::array array;
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      const json::value* inner = wanted.get_array().if_contains(i);
      array.push_back(inner == nullptr ? value.get_array()[i] : Restricted(value.get_array()[i], *inner));
    }
    return array;
  }
  return value;
}

std::string BodyDifference(const ExpectedRequest& expected, const ScriptedRequest& request) {
  if (expected.body_text) {
    if (*expected.body_text == request.body) return {};
    const std::string diff = Difference(*expected.body_text, request.body);
    return "body\n" + (diff.empty() ? Pair("the same in another spelling", *expected.body_text, request.body) : diff);
  }
  const auto& wanted = expected.body_json ? expected.body_json : expected.body_contains;
  if (!wanted) return {};
  json::error_code error;
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  const json::value body = json::parse(request.body, error, {}, options);
  if (error) return Pair("body", json::serialize(*wanted), "(no JSON) " + request.body);
  const std::string diff =
      Difference(json::serialize(*wanted), json::serialize(expected.body_json ? body : Restricted(body, *wanted)));
  return diff.empty() ? "" : "body\n" + diff;
}

}  // namespace

std::string RequestDifference(const ExpectedRequest& expected, const ScriptedRequest& request) {
  std::string diff;
  if (expected.method != request.method) diff += Pair("method", expected.method, request.method);
  if (!MatchesTemplate(expected.url, request.url)) diff += Pair("url", expected.url, request.url);
  if (expected.connection != request.connection) {
    diff += Pair("connection", expected.connection.empty() ? "(none)" : expected.connection,
                 request.connection.empty() ? "(none)" : request.connection);
  }
  return diff + HeaderDifference(expected, request) + BodyDifference(expected, request);
}

}  // namespace warder::cli

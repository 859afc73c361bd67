#include "engine/cli/scripted_request.h"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/base/text.h"
#include "engine/cli/text_template.h"
#include "engine/cli/value_pattern.h"

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

std::string BodyDifference(const ExpectedRequest& expected, const ScriptedRequest& request) {
  if (expected.body_text) {
    if (*expected.body_text == request.body) return {};
    const std::string diff = Difference(*expected.body_text, request.body);
    return "body\n" + (diff.empty() ? Pair("the same in another spelling", *expected.body_text, request.body) : diff);
  }
  if (!expected.body_json) return {};
  if (!IsJson(request.body)) return Pair("body", json::serialize(*expected.body_json), "(no JSON) " + request.body);
  const std::string diff = PatternDifference(*expected.body_json, request.body);
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

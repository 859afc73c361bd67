// What a fixture says of a request, as a matcher for the engine's scripts.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "warder/replay.h"

namespace warder::cli {

struct ExpectedRequest {
  std::string method = "GET";
  std::string url;  // a template
  // Templates; nothing: there must not be such a header.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::string connection;
  // At most one of these.
  std::optional<std::string> body_text;
  std::optional<boost::json::value> body_json;  // with patterns (value_pattern.h)
};

// Why `request` is not the expected one, as Difference shows it; empty: it is.
std::string RequestDifference(const ExpectedRequest& expected, const ScriptedRequest& request);

}  // namespace warder::cli

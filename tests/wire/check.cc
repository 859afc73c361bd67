#include "tests/wire/check.h"

#include <algorithm>
#include <vector>

#include "engine/broker/content_decoder.h"

namespace warder::wire {
namespace {

bool Has(const Headers& headers, std::string_view lower) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
    return header.first.size() == lower.size() && Folded(header.first) == lower &&
           header.first.find('_') == std::string::npos;
  });
}

// What the broker says beside the script's headers, in exactly these letters.
Headers Own(const Expected& expected) {
  Headers own = {{"Host", expected.origin}, {"Accept-Encoding", std::string(broker::AcceptedCodings())}};
  if (!Has(expected.headers, "accept")) own.emplace_back("Accept", "*/*");
  if (!Has(expected.headers, "user-agent")) own.emplace_back("User-Agent", "warder");
  if (expected.has_body && !expected.declared) {
    own.emplace_back("Transfer-Encoding", "chunked");
  } else if (expected.has_body || expected.method == "POST" || expected.method == "PUT") {
    own.emplace_back("Content-Length", std::to_string(expected.declared.value_or(0)));
  }
  return own;
}

}  // namespace

Difference Compare(const Expected& expected, const Message& arrived) {
  Difference difference;
  Headers own = Own(expected);
  Headers rest;
  for (const auto& header : arrived.headers) {
    const auto made = std::find(own.begin(), own.end(), header);
    if (made != own.end()) {
      own.erase(made);
    } else {
      difference.from_script += IsOwned(header.first) ? 1 : 0;
      rest.push_back(header);
    }
  }
  if (arrived.method != expected.method) difference.what = "another method";
  if (arrived.target != expected.target) difference.what = "another target, not " + expected.target;
  if (!own.empty()) difference.what = "not the broker's own " + own.front().first + ": " + own.front().second;
  if (rest != expected.headers) difference.what = "other headers than the script's and its credential's";
  if (arrived.body != expected.body) difference.what = "another body";
  return difference;
}

}  // namespace warder::wire

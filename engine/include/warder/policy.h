// Egress policies as text: their canonical form, and what they say about a request. No engine, no network.
//
//   const auto answer = warder::policy::Check(text, {.method = "GET", .url = "https://api.acme.test/v1/orders/42"});
//   std::cout << answer.explanation;
//
// The language is described in docs/policy.md. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace warder::policy {

// No policy is longer.
inline constexpr std::size_t kMaxBytes = std::size_t{64} << 10;

struct Canonical {
  std::string text;    // the one way to write this policy
  std::string sha256;  // of `text`, in hexadecimal
};

// Reads a policy. Throws EngineError(kInvalid) that names line, column, the problem and the remedy.
Canonical Read(std::string_view policy);

// The names of the fields that a credential for this policy has, sorted. Throws as Read does.
std::vector<std::string> Fields(std::string_view policy);

struct Request {
  std::string method;
  std::string url;  // absolute
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Answer {
  bool allowed = false;
  std::size_t line = 0;     // of the line that decided; 0: none did
  std::string rule;         // that line in canonical form; empty: none decided
  std::string explanation;  // one sentence
};

// What the broker would say to a script that asks for `request`, before it looks the host up. Throws as Read does.
Answer Check(std::string_view policy, const Request& request);

}  // namespace warder::policy

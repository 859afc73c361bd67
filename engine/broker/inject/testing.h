// What the tests of injections share.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "engine/broker/inject/sign.h"

namespace warder::broker {

inline SecretFields Fields(std::initializer_list<std::pair<std::string, std::string>> fields) {
  SecretFields made;
  for (const auto& [name, value] : fields) made.emplace(name, Secret(value));
  return made;
}

// A request that owns what a SigningRequest borrows.
struct TestRequest {
  std::string method = "GET";
  std::string url = "https://api.example.com/v1/orders";
  HeaderList headers;
  std::optional<std::string> body = "";
  std::chrono::seconds now{1440938160};  // 2015-08-30T12:36:00Z
  std::string nonce = "0123456789abcdef0123456789abcdef";

  Result<Injected> Inject(const Injection& injection, const SecretFields& fields) const {
    const auto canonical = CanonicalizeUrl(url);
    if (!canonical) return canonical.error();
    const auto view = body ? std::optional<std::string_view>(*body) : std::nullopt;
    const SigningRequest request{method, *canonical, headers, view, std::chrono::system_clock::time_point(now), nonce};
    return broker::Inject(injection, fields, request);
  }
};

// "(none)" where there is no such header; "(twice)" where there are several.
inline std::string HeaderOf(const Injected& injected, std::string_view name) {
  std::string value = "(none)";
  for (const InjectedHeader& header : injected.headers) {
    if (header.name == name) value = value == "(none)" ? std::string(header.value.view()) : "(twice)";
  }
  return value;
}

// "" where it worked.
template <typename T>
std::string ErrorOf(const Result<T>& result) {
  return result ? "" : result.error().message;
}

}  // namespace warder::broker

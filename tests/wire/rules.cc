#include "tests/wire/rules.h"

#include <algorithm>

namespace warder::wire {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kHexDigits = "0123456789ABCDEFabcdef";
constexpr std::string_view kBare = "[]{}|^`";  // encoded on the way

bool Contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](char c) {
    return Contains(kLetters, c) || Contains("!#$%&'*+-.^_`|~", c);
  });
}

bool IsValue(std::string_view value) {
  if (value.empty()) return true;
  if (Contains(" \t", value.front()) || Contains(" \t", value.back())) return false;
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

}  // namespace

Verdict Worse(Verdict a, Verdict b) { return std::max(a, b); }

Verdict JudgeMethod(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods) ? Verdict::kNever
                                                                                           : Verdict::kMust;
}

Verdict JudgeHeaders(const Headers& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    if (!IsName(name) || IsOwned(name) || !IsValue(value)) return Verdict::kNever;
    bytes += name.size() + value.size();
  }
  return headers.size() > 128 || bytes > 32'768 ? Verdict::kNever : Verdict::kMust;
}

Verdict JudgeTail(std::string_view tail) {
  const std::size_t mark = std::min(tail.find('?'), tail.size());
  const std::string_view path = tail.substr(0, mark);
  for (std::size_t at = 0; at < tail.size(); ++at) {
    const char c = tail[at];
    if (!Contains(kLetters, c) && !Contains("-._~!$&'()*+,;=:@/?%", c) && !Contains(kBare, c)) return Verdict::kNever;
    if (c != '%') continue;
    const std::string_view digits = tail.substr(at + 1, 2);
    if (digits.size() < 2 || !Contains(kHexDigits, digits[0]) || !Contains(kHexDigits, digits[1])) {
      return Verdict::kNever;
    }
  }
  if (tail.size() > 16'384) return Verdict::kNever;
  const bool plain = path.find_first_of(".;%") == std::string_view::npos && path.find("//") == std::string_view::npos;
  return plain && tail.size() < 5'000 ? Verdict::kMust : Verdict::kMay;
}

std::string TargetOf(std::string_view tail) {
  std::string target(tail.starts_with('/') ? "" : "/");
  for (const char c : tail) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    if (Contains(kBare, c)) {
      target.append({'%', kDigits[static_cast<unsigned char>(c) / 16], kDigits[static_cast<unsigned char>(c) % 16]});
    } else {
      target += c;
    }
  }
  return target;
}

Verdict JudgeQuery(std::string_view target, std::string_view added) {
  Verdict verdict = Verdict::kMust;
  std::string_view query = target.substr(std::min(target.find('?'), target.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view pair = query.substr(0, query.find_first_of("&;"));
    const std::string_view name = pair.substr(0, pair.find('='));
    if (Lower(name) == added) return Verdict::kNever;
    if (Contains(name, '%')) verdict = Verdict::kMay;
    query.remove_prefix(pair.size());
  }
  return verdict;
}

Verdict JudgeSecret(std::string_view secret) {
  return IsValue(secret) && !Contains(secret, '\t') ? Verdict::kMust : Verdict::kNever;
}

std::string Folded(std::string_view name) {
  std::string folded = Lower(name);
  std::replace(folded.begin(), folded.end(), '_', '-');
  return folded;
}

std::span<const std::string_view> OwnedHeaders() {
  static constexpr std::string_view kOwned[] = {
      // framing
      "host", "content-length", "transfer-encoding", "te", "trailer", "expect",
      // the connection, and what is negotiated on it
      "connection", "keep-alive", "upgrade", "http2-settings", "alt-used", "early-data", "accept-encoding",
      "accept-charset", "sec-*",
      // proxies
      "proxy", "proxy-*", "max-forwards", "via",
      // who the client is
      "forwarded", "x-forwarded", "x-forwarded-*", "x-forward-*", "x-real-ip", "x-client-ip", "x-cluster-client-ip",
      "x-originating-ip", "x-remote-ip", "x-remote-addr", "true-client-ip", "cf-connecting-ip", "fastly-client-ip",
      "client-ip",
      // what the request is
      "x-host", "x-original-host", "x-http-method", "x-http-method-override", "x-method-override", "x-original-url",
      "x-rewrite-url"};
  return kOwned;
}

bool IsOwned(std::string_view name) {
  const std::string folded = Folded(name);
  const auto owned = OwnedHeaders();
  return std::any_of(owned.begin(), owned.end(), [&](std::string_view rule) {
    return rule.ends_with('*') ? folded.starts_with(rule.substr(0, rule.size() - 1)) : folded == rule;
  });
}

}  // namespace warder::wire

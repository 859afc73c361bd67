#include "engine/broker/outgoing.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/base/text.h"
#include "engine/broker/inject/sign.h"
#include "engine/broker/percent.h"

namespace warder::broker {
namespace {

constexpr std::size_t kNonceBytes = 16;

// What Connection::scrub finds already.
bool IsConstant(const Injection& injection) {
  return std::holds_alternative<HeaderInjection>(injection) || std::holds_alternative<QueryInjection>(injection) ||
         std::holds_alternative<BasicInjection>(injection);
}

Result<std::shared_ptr<const ScrubPattern>> PatternOf(const std::vector<Secret>& derived) {
  std::vector<const Secret*> secrets;
  for (const Secret& secret : derived) {
    if (secret.view().size() >= ScrubPattern::kMinSecretBytes) secrets.push_back(&secret);
  }
  if (secrets.empty()) return std::shared_ptr<const ScrubPattern>();
  return ScrubPattern::Compile(secrets);
}

}  // namespace

void WithoutInjected(const Policy& policy, CanonicalUrl* url) {
  for (const Injection& injection : policy.injections) {
    const auto* const query = std::get_if<QueryInjection>(&injection);
    const std::size_t mark = url->target.find('?');
    if (query == nullptr || mark == std::string::npos) continue;
    std::string kept;
    bool there = false;
    std::string_view rest = std::string_view(url->target).substr(mark + 1);
    while (!rest.empty()) {
      const std::string_view parameter = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
      if (PercentDecoded(parameter.substr(0, parameter.find('='))) == query->name) {
        there = true;
        continue;
      }
      kept.append(kept.empty() ? "?" : "&").append(parameter);
    }
    if (there) url->target.replace(mark, std::string::npos, kept);
  }
}

bool NeedsWholeBody(const Grant& grant, const Origin& origin) {
  const auto& injections = grant.policy().injections;
  return std::any_of(injections.begin(), injections.end(),
                     [&](const Injection& injection) { return NeedsBody(injection, origin); });
}

Result<Prepared> Prepare(const Grant& grant, const std::optional<PlaceholderUse>& placeholders, const Hop& hop,
                         bool with_credential, std::optional<std::string_view> body) {
  Prepared prepared;
  Outgoing& outgoing = prepared.outgoing;
  outgoing.headers = hop.headers;
  outgoing.target = hop.url.target;
  outgoing.tls = grant.policy().tls;
  outgoing.proxy = grant.policy().proxy;
  if (grant.connection() == nullptr || !with_credential) return prepared;

  const SecretFields& fields = grant.connection()->fields();
  if (const auto key = fields.find(outgoing.tls.client_key_field); key != fields.end()) {
    outgoing.client_key = &key->second;
  }
  std::vector<Secret> derived;
  if (placeholders) {
    auto filled = FillPlaceholders(*placeholders, fields);
    if (!filled) return filled.error();
    for (const auto& header : filled->headers) outgoing.headers[header.index].second = header.value.view();
    std::move(filled->derived.begin(), filled->derived.end(), std::back_inserter(derived));
  }
  for (const Injection& injection : grant.policy().injections) {
    // Each sees what those before it have added: a signature covers an injected header.
    CanonicalUrl url = hop.url;
    url.target = outgoing.target;
    const std::string nonce = HexOf(RandomBytes(kNonceBytes));
    auto injected =
        Inject(injection, fields, {hop.method, url, outgoing.headers, body, std::chrono::system_clock::now(), nonce});
    WipeString(&url.target);
    if (!injected) return injected.error();
    for (const auto& header : injected->headers) {
      outgoing.headers.emplace_back(header.name, std::string(header.value.view()));
    }
    WipeString(&outgoing.target);
    outgoing.target = injected->target.view();
    if (!IsConstant(injection)) {
      std::move(injected->derived.begin(), injected->derived.end(), std::back_inserter(derived));
    }
  }
  auto pattern = PatternOf(derived);
  if (!pattern) return pattern.error();
  prepared.derived = std::move(*pattern);
  return prepared;
}

}  // namespace warder::broker

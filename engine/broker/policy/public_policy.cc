#include "engine/broker/connection.h"
#include "engine/broker/policy/decide.h"
#include "engine/broker/policy/words.h"
#include "warder/engine.h"
#include "warder/policy.h"

namespace warder::policy {
namespace {

static_assert(kMaxBytes == broker::kMaxPolicyBytes);

broker::Policy Parse(std::string_view text) {
  auto policy = broker::ParsePolicy(text);
  if (!policy) throw EngineError(Status::kInvalid, policy.error().message);
  return std::move(*policy);
}

Answer Refusal(const Error& error) { return {false, 0, {}, "refused under any policy: " + error.message}; }

}  // namespace

Canonical Read(std::string_view policy) {
  const broker::Policy parsed = Parse(policy);
  return {broker::PrintPolicy(parsed), broker::PolicyHash(parsed)};
}

std::vector<std::string> Fields(std::string_view policy) {
  const auto fields = broker::CredentialFields(Parse(policy));
  return {fields.begin(), fields.end()};
}

Answer Check(std::string_view policy, const Request& request) {
  const broker::Policy parsed = Parse(policy);
  if (const auto method = broker::CheckMethod(request.method); !method) return Refusal(method.error());
  if (const auto headers = broker::CheckRequestHeaders(request.headers); !headers) return Refusal(headers.error());
  const auto url = broker::CanonicalizeUrl(request.url);
  if (!url) return Refusal(url.error());
  broker::Decision decision = broker::Decide(parsed, request.method, *url, request.headers);
  std::string explanation = decision.Explanation();
  return {decision.allowed, decision.line, std::move(decision.rule), std::move(explanation)};
}

}  // namespace warder::policy

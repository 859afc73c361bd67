#include "engine/broker/connection.h"

#include <set>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/broker/inject/sign.h"

namespace warder::broker {
namespace {

using Names = std::set<std::string, std::less<>>;

void AddFields(const Injection& injection, Names* names) {
  const auto add = [&](const std::string& field) {
    if (!field.empty()) names->insert(field);
  };
  if (const auto* header = std::get_if<HeaderInjection>(&injection)) add(header->field);
  if (const auto* query = std::get_if<QueryInjection>(&injection)) add(query->field);
  if (const auto* basic = std::get_if<BasicInjection>(&injection)) {
    add(basic->user_field);
    add(basic->password_field);
  }
  if (const auto* hmac = std::get_if<HmacInjection>(&injection)) add(hmac->field);
  if (const auto* aws = std::get_if<AwsSigV4Injection>(&injection)) {
    add(aws->access_key_field);
    add(aws->secret_key_field);
    add(aws->session_token_field);
  }
  if (const auto* jwt = std::get_if<JwtInjection>(&injection)) add(jwt->key_field);
}

// The names of its fields; they are no secrets.
std::string NamesOf(const SecretFields& fields) {
  std::string names;
  for (const auto& [name, secret] : fields) names += (names.empty() ? "\"" : ", \"") + name + "\"";
  return names.empty() ? "none" : names;
}

// What a response must not say although no field holds it as it is.
Result<std::vector<Secret>> Derived(const Policy& policy, const SecretFields& fields) {
  std::vector<Secret> derived;
  const auto value = [&](const std::string& field) {
    return field.empty() ? std::string_view() : fields.at(field).view();
  };
  for (const Injection& injection : policy.injections) {
    const auto* const basic = std::get_if<BasicInjection>(&injection);
    if (basic == nullptr) continue;
    auto blob = BasicBlob(value(basic->user_field), value(basic->password_field));
    if (!blob) return blob.error();
    derived.push_back(std::move(*blob));
  }
  return derived;
}

}  // namespace

std::set<std::string, std::less<>> CredentialFields(const Policy& policy) {
  Names names;
  for (const Injection& injection : policy.injections) AddFields(injection, &names);
  for (const PlaceholderRule& rule : policy.placeholders) names.insert(rule.field);
  if (!policy.tls.client_key_field.empty()) names.insert(policy.tls.client_key_field);
  return names;
}

Connection::Connection(Policy policy, SecretFields fields)
    : policy_(std::make_shared<const Policy>(std::move(policy))),
      policy_sha256_(PolicyHash(*policy_)),
      fields_(std::move(fields)),
      id_(HexOf(RandomBytes(16))) {}

Result<std::shared_ptr<const Connection>> Connection::Make(std::string_view policy_text, SecretFields fields) {
  auto policy = ParsePolicy(policy_text);
  if (!policy) return policy.error();
  if (policy->origins.empty())
    return InvalidInput("the policy names no origin; add a line such as: origin https://api.example.com");
  const Names wanted = CredentialFields(*policy);
  for (const std::string& name : wanted) {
    if (!fields.contains(name)) {
      return InvalidInput("the policy uses the field \"" + name + "\", and the credential has " + NamesOf(fields) +
                          "; give it one of that name");
    }
  }
  for (const auto& [name, secret] : fields) {
    if (!wanted.contains(name)) {
      return InvalidInput("the credential has a field \"" + name +
                          "\", which the policy does not use; take it out, or add an inject or placeholder line");
    }
  }
  auto derived = Derived(*policy, fields);
  if (!derived) return derived.error();
  std::shared_ptr<Connection> connection(new Connection(std::move(*policy), std::move(fields)));
  for (const auto& [name, secret] : connection->fields_) {
    if (secret.view().size() < ScrubPattern::kMinSecretBytes) {
      return InvalidInput("the field \"" + name + "\" has to have at least " +
                          std::to_string(ScrubPattern::kMinSecretBytes) +
                          " characters: a shorter one could not be kept out of what an upstream says");
    }
  }
  connection->derived_ = std::move(*derived);
  if (const auto secrets = connection->secrets(); !secrets.empty()) {
    auto scrub = ScrubPattern::Compile(secrets);
    if (!scrub) return scrub.error();
    connection->scrub_ = std::move(*scrub);
  }
  return std::shared_ptr<const Connection>(std::move(connection));
}

std::vector<const Secret*> Connection::secrets() const {
  std::vector<const Secret*> secrets;
  for (const auto& [name, secret] : fields_) secrets.push_back(&secret);
  for (const Secret& secret : derived_) secrets.push_back(&secret);
  return secrets;
}

}  // namespace warder::broker

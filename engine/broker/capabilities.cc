#include "engine/broker/capabilities.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "engine/base/text.h"

namespace warder::broker {
namespace {

constexpr std::size_t kHandleDigits = 64;

PlaceholderSite SiteOf(const PlaceholderRule& rule) {
  using Kind = PlaceholderSite::Kind;
  switch (rule.where) {
    case PlaceholderRule::Where::kBasicUser:
      return {.kind = Kind::kBasicUser};
    case PlaceholderRule::Where::kBasicPassword:
      return {.kind = Kind::kBasicPassword};
    case PlaceholderRule::Where::kHeader:
      break;
  }
  return {.kind = Kind::kHeader, .header = rule.header};
}

std::vector<PlaceholderField> FieldsOf(const Capabilities::Named& named) {
  std::vector<PlaceholderField> fields;
  for (const PlaceholderRule& rule : named.connection->policy()->placeholders) {
    auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.field == rule.field; });
    if (found == fields.end()) found = fields.insert(fields.end(), {named.name, rule.field, {}});
    found->sites.push_back(SiteOf(rule));
  }
  return fields;
}

}  // namespace

Capabilities::Capabilities(std::shared_ptr<const Policy> plain)
    : plain_(std::make_shared<Grant>("", "", std::move(plain), nullptr, nullptr)) {}

std::shared_ptr<Capabilities> Capabilities::OfPolicy(std::shared_ptr<const Policy> plain) {
  return std::shared_ptr<Capabilities>(new Capabilities(std::move(plain)));
}

Result<std::shared_ptr<Capabilities>> Capabilities::Make(std::shared_ptr<const Policy> plain,
                                                         const std::vector<Named>& connections) {
  if (connections.size() > kMaxConnections) {
    return InvalidInput("an execution has at most " + std::to_string(kMaxConnections) + " connections");
  }
  std::shared_ptr<Capabilities> made(new Capabilities(std::move(plain)));
  std::vector<PlaceholderField> fields;
  for (const Named& named : connections) {
    const bool twice = std::any_of(made->connections_.begin(), made->connections_.end(),
                                   [&](const auto& grant) { return grant->name() == named.name; });
    if (named.name.empty()) return InvalidInput("a connection needs a name");
    if (twice) {
      return InvalidInput("there are two connections with the name \"" + named.name +
                          "\"; give one of them another name");
    }
    made->connections_.push_back(std::make_shared<Grant>(named.name, HexOf(RandomBytes(kHandleDigits / 2)),
                                                         named.connection->policy(), named.connection, named.source));
    for (PlaceholderField& field : FieldsOf(named)) fields.push_back(std::move(field));
  }
  const std::string random = RandomBytes(fields.size() * Placeholders::kRandomBytes);
  auto placeholders = Placeholders::Make(std::move(fields), random);
  if (!placeholders) return placeholders.error();
  made->placeholders_ = std::move(*placeholders);
  return made;
}

Result<Capabilities::Choice> Capabilities::Choose(std::string_view handle, std::string_view method,
                                                  const CanonicalUrl& url, const HeaderList& headers) const {
  const auto grant_of = [this](std::string_view name) {
    return *std::find_if(connections_.begin(), connections_.end(),
                         [&](const auto& each) { return each->name() == name; });
  };
  auto use = placeholders_.Find(
      {method, url, headers, [&](std::string_view name) { return grant_of(name)->policy().Names(url.origin); }});
  if (!use) return use.error();
  std::shared_ptr<Grant> grant = plain_;
  if (!handle.empty()) {
    grant.reset();
    // Each handle is compared, each in the same time.
    for (const auto& each : connections_) {
      const bool same =
          handle.size() == kHandleDigits && CRYPTO_memcmp(each->handle().data(), handle.data(), kHandleDigits) == 0;
      if (same && !each->revoked()) grant = each;
    }
    if (!grant) return Refused("this execution has no such connection");
    if (*use && (*use)->connection != grant->name()) {
      return Refused("the request is made with the connection \"" + grant->name() + "\" and holds a placeholder of \"" +
                     (*use)->connection + "\"; use one of them");
    }
  } else if (*use) {
    grant = grant_of((*use)->connection);
    if (grant->revoked()) return Refused("this execution has no such connection");
  }
  return Choice{std::move(grant), std::move(*use)};
}

Result<std::shared_ptr<const ScrubPattern>> Capabilities::ScrubFor(const Origin& origin) {
  std::vector<const Connection*> concerned;
  for (const auto& grant : connections_) {
    if (!grant->policy().Names(origin)) continue;
    for (const Connection* each : {grant->connection_.get(), grant->former_.get()}) {
      if (each != nullptr && each->scrub()) concerned.push_back(each);
    }
  }
  if (concerned.empty()) return std::shared_ptr<const ScrubPattern>();
  if (concerned.size() == 1) return concerned.front()->scrub();
  auto& joint = joint_scrubs_[concerned];
  if (!joint) {
    std::vector<const Secret*> secrets;
    for (const Connection* connection : concerned) {
      const auto more = connection->secrets();
      secrets.insert(secrets.end(), more.begin(), more.end());
    }
    auto made = ScrubPattern::Compile(secrets);
    if (!made) return made.error();
    joint = std::move(*made);
  }
  return joint;
}

void Capabilities::Renew(Grant& grant, std::shared_ptr<const Connection> connection) {
  if (grant.connection_ == connection) return;
  grant.former_ = std::exchange(grant.connection_, std::move(connection));
  joint_scrubs_.clear();  // another connection may come to stand where one stood that has gone
}

void Capabilities::Revoke(std::string_view name) {
  for (const auto& each : connections_) {
    if (each->name() == name) each->revoked_ = true;
  }
}

}  // namespace warder::broker

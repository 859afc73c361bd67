#include "engine/oauth/client_authentication.h"

#include "engine/base/text.h"
#include "engine/broker/inject/jwt.h"
#include "engine/broker/inject/sign.h"
#include "engine/broker/percent.h"

namespace warder::oauth {
namespace {

constexpr std::chrono::seconds kAssertionLifetime{60};

// Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1), so that a colon stays what it is.
Result<Secret> BasicValue(const ClientRegistration& client) {
  std::string password = broker::PercentEncoded(client.secret.view());
  const WipeAtEnd wipe(&password);
  auto blob = broker::BasicBlob(broker::PercentEncoded(client.id), password);
  if (!blob) return blob.error();
  return Secret::Join({"Basic ", blob->view()});
}

// RFC 7523 section 3.
Result<Secret> ClientAssertion(const Provider& provider, std::chrono::system_clock::time_point now) {
  const ClientRegistration& client = provider.client;
  broker::JwtInjection contents;
  contents.algorithm = client.algorithm;
  contents.key_id = client.key_id;
  contents.issuer = client.id;
  contents.subject = client.id;
  contents.audience = client.audience.empty() ? provider.server.issuer : client.audience;
  contents.lifetime = kAssertionLifetime;
  auto jwt = broker::MakeJwt(contents, client.secret.view(), now, RandomId());
  if (!jwt) return InvalidInput("the client's key cannot be used: " + jwt.error().message);
  return std::move(jwt->token);
}

}  // namespace

Result<ExchangeRequest> AuthenticatedPost(const Provider& provider, std::string what, std::string url, Form form,
                                          std::chrono::system_clock::time_point now) {
  ExchangeRequest request;
  request.what = std::move(what);
  request.url = std::move(url);
  const ClientRegistration& client = provider.client;
  if (client.authentication == ClientAuthentication::kSecretBasic) {
    auto value = BasicValue(client);
    if (!value) return value.error();
    request.authorization = std::move(*value);
  } else if (!client.id.empty()) {
    form.Add("client_id", client.id);
  }
  if (client.authentication == ClientAuthentication::kSecretPost) form.Add("client_secret", client.secret.view());
  if (client.authentication == ClientAuthentication::kPrivateKeyJwt) {
    const auto assertion = ClientAssertion(provider, now);
    if (!assertion) return assertion.error();
    form.Add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.Add("client_assertion", assertion->view());
  }
  request.form = form.Finish();
  return request;
}

}  // namespace warder::oauth

#include "engine/connections/stored_connection.h"

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "engine/base/secret.h"
#include "engine/base/strict_json.h"
#include "engine/broker/connection.h"
#include "engine/connections/document.h"

namespace warder::connections {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;
constexpr std::array<std::string_view, 4> kStates = {"active", "needs_reauth", "in_doubt", "ended"};
constexpr std::array<std::string_view, 4> kKinds = {"authorization_code", "device", "client_credentials", "jwt_bearer"};
constexpr std::array<std::string_view, 3> kRotations = {"unknown", "rotates", "stays"};
constexpr std::array<std::string_view, 4> kAuthentications = {"none", "client_secret_basic", "client_secret_post",
                                                              "private_key_jwt"};
constexpr std::array<std::string_view, 4> kAlgorithms = {"RS256", "ES256", "EdDSA", "HS256"};
constexpr std::array<std::string_view, 2> kScopeIns = {"parameter", "claim"};
constexpr std::array<std::string_view, 2> kIss = {"not_promised", "promised"};

json::object ServerJson(const oauth::ServerMetadata& server) {
  return {{"issuer", server.issuer},
          {"authorization", server.authorization_endpoint},
          {"token", server.token_endpoint},
          {"revocation", server.revocation_endpoint},
          {"device", server.device_authorization_endpoint},
          {"challenges", ArrayOf(server.code_challenge_methods)},
          {"authentications", ArrayOf(server.token_auth_methods)},
          {"grants", ArrayOf(server.grant_types)},
          {"iss", Name(kIss, server.iss)}};
}

json::object GrantJson(const OAuthGrant& grant) {
  json::object object = {{"kind", NameOf(grant.kind)},
                         {"server", ServerJson(grant.server)},
                         {"client", grant.client_id},
                         {"authentication", Name(kAuthentications, grant.authentication)},
                         {"algorithm", Name(kAlgorithms, grant.algorithm)},
                         {"keyId", grant.key_id},
                         {"requested", ArrayOf(grant.requested)},
                         {"granted", ArrayOf(grant.granted)},
                         {"accessSince", Seconds(grant.access_since)},
                         {"rotation", Name(kRotations, grant.rotation)}};
  if (grant.access_expires) object["accessExpires"] = Seconds(*grant.access_expires);
  if (grant.kind == OAuthGrant::Kind::kJwtBearer) {
    object["assertion"] = {{"issuer", grant.assertion_issuer},
                           {"subject", grant.assertion_subject},
                           {"audience", grant.assertion_audience},
                           {"keyId", grant.assertion_key_id},
                           {"algorithm", Name(kAlgorithms, grant.assertion_algorithm)},
                           {"scopeIn", Name(kScopeIns, grant.assertion_scope_in)}};
  }
  return object;
}

OAuthGrant GrantFrom(Members& members) {
  OAuthGrant grant;
  grant.kind = members.Choice<OAuthGrant::Kind>("kind", kKinds);
  Members server(members.Take("server"));
  grant.server.issuer = server.Text("issuer");
  grant.server.authorization_endpoint = server.Text("authorization");
  grant.server.token_endpoint = server.Text("token");
  grant.server.revocation_endpoint = server.Text("revocation");
  grant.server.device_authorization_endpoint = server.Text("device");
  grant.server.code_challenge_methods = server.Set("challenges");
  grant.server.token_auth_methods = server.Set("authentications");
  grant.server.grant_types = server.Set("grants");
  grant.server.iss = server.Choice<oauth::ServerMetadata::Iss>("iss", kIss);
  members.Check(server);
  grant.client_id = members.Text("client");
  grant.authentication = members.Choice<oauth::ClientAuthentication>("authentication", kAuthentications);
  grant.algorithm = members.Choice<broker::JwtInjection::Algorithm>("algorithm", kAlgorithms);
  grant.key_id = members.Text("keyId");
  grant.requested = members.Set("requested");
  grant.granted = members.Set("granted");
  grant.access_since = members.Time("accessSince");
  grant.rotation = members.Choice<OAuthGrant::Rotation>("rotation", kRotations);
  if (members.has("accessExpires")) grant.access_expires = members.Time("accessExpires");
  if (grant.kind == OAuthGrant::Kind::kJwtBearer) {
    Members assertion(members.Take("assertion"));
    grant.assertion_issuer = assertion.Text("issuer");
    grant.assertion_subject = assertion.Text("subject");
    grant.assertion_audience = assertion.Text("audience");
    grant.assertion_key_id = assertion.Text("keyId");
    grant.assertion_algorithm = assertion.Choice<broker::JwtInjection::Algorithm>("algorithm", kAlgorithms);
    grant.assertion_scope_in = assertion.Choice<OAuthGrant::ScopeIn>("scopeIn", kScopeIns);
    members.Check(assertion);
  }
  return grant;
}

}  // namespace

std::string_view NameOf(State state) { return Name(kStates, state); }
std::string_view NameOf(OAuthGrant::Kind kind) { return Name(kKinds, kind); }

bool UsesRefreshToken(OAuthGrant::Kind kind) {
  return kind == OAuthGrant::Kind::kAuthorizationCode || kind == OAuthGrant::Kind::kDevice;
}

Result<void> CheckOAuthPolicy(std::string_view policy) {
  SecretFields token;
  token.emplace(kAccessToken, Secret("0123456789abcdef"));
  auto made = broker::Connection::Make(policy, std::move(token));
  if (made) return {};
  return InvalidInput("the policy of an OAuth connection injects the field \"access_token\" and no other: " +
                      made.error().message);
}

std::string ToJson(const StoredConnection& connection) {
  json::object object = {{"format", kFormat},
                         {"id", connection.id},
                         {"policy", connection.policy},
                         {"state", NameOf(connection.state)},
                         {"reason", connection.reason},
                         {"since", Seconds(connection.since)},
                         {"created", Seconds(connection.created)},
                         {"credentialSince", Seconds(connection.credential_since)}};
  if (connection.ends) object["ends"] = Seconds(*connection.ends);
  if (connection.idle_limit) object["idleLimit"] = connection.idle_limit->count();
  if (connection.rotate_after) object["rotateAfter"] = connection.rotate_after->count();
  if (connection.oauth) object["oauth"] = GrantJson(*connection.oauth);
  return json::serialize(object);
}

Result<StoredConnection> StoredConnectionFromJson(std::string_view text) {
  auto value = ParseStrict(text);
  if (!value) return value.error();
  Members members(*value);
  StoredConnection connection;
  if (members.Integer("format") != kFormat) {
    return InvalidInput("it was written by another version of Warder");
  }
  connection.id = members.Text("id");
  connection.policy = members.Text("policy");
  connection.state = members.Choice<State>("state", kStates);
  connection.reason = members.Text("reason");
  connection.since = members.Time("since");
  connection.created = members.Time("created");
  connection.credential_since = members.Time("credentialSince");
  if (members.has("ends")) connection.ends = members.Time("ends");
  if (members.has("idleLimit")) connection.idle_limit = members.Duration("idleLimit");
  if (members.has("rotateAfter")) connection.rotate_after = members.Duration("rotateAfter");
  if (members.has("oauth")) {
    Members oauth(members.Take("oauth"));
    connection.oauth = GrantFrom(oauth);
    members.Check(oauth);
  }
  if (!members.fine()) return InvalidInput("it is no document of a connection");
  return connection;
}

}  // namespace warder::connections

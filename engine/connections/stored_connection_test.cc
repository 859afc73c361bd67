// The document of a connection: every member comes back, and nothing else is taken for one.
#include "engine/connections/stored_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace warder::connections {
namespace {

using std::chrono::seconds;
namespace json = boost::json;

TimePoint At(std::int64_t time) { return TimePoint(seconds(time)); }

// Every member differs from what a new one has.
StoredConnection Whole() {
  StoredConnection connection;
  connection.id = "id-1";
  connection.policy = "origin https://a.test\nallow * /**\ninject bearer access_token\n";
  connection.state = State::kInDoubt;
  connection.reason = "because \"of\" that";
  connection.since = At(11);
  connection.created = At(12);
  connection.credential_since = At(13);
  connection.ends = At(14);
  connection.idle_limit = seconds(15);
  connection.rotate_after = seconds(16);
  OAuthGrant& grant = connection.oauth.emplace();
  grant.kind = OAuthGrant::Kind::kJwtBearer;
  grant.server.issuer = "https://as.test";
  grant.server.authorization_endpoint = "https://as.test/authorize";
  grant.server.token_endpoint = "https://as.test/token";
  grant.server.revocation_endpoint = "https://as.test/revoke";
  grant.server.device_authorization_endpoint = "https://as.test/device";
  grant.server.code_challenge_methods = {"S256"};
  grant.server.token_auth_methods = {"none", "private_key_jwt"};
  grant.server.grant_types = {"refresh_token"};
  grant.server.iss = oauth::ServerMetadata::Iss::kPromised;
  grant.client_id = "client";
  grant.authentication = oauth::ClientAuthentication::kPrivateKeyJwt;
  grant.algorithm = broker::JwtInjection::Algorithm::kEdDsa;
  grant.key_id = "key";
  grant.assertion_issuer = "issuer";
  grant.assertion_subject = "subject";
  grant.assertion_audience = "audience";
  grant.assertion_key_id = "assertion-key";
  grant.assertion_algorithm = broker::JwtInjection::Algorithm::kEs256;
  grant.assertion_scope_in = OAuthGrant::ScopeIn::kClaim;
  grant.requested = {"read", "write"};
  grant.granted = {"read"};
  grant.access_expires = At(17);
  grant.access_since = At(18);
  grant.rotation = OAuthGrant::Rotation::kRotates;
  return connection;
}

std::string Refusal(const std::string& text) {
  const auto read = StoredConnectionFromJson(text);
  if (read) return {};
  EXPECT_EQ(read.error().kind, ErrorKind::kInvalidInput);
  return read.error().message;
}

TEST(StoredConnectionTest, EveryMemberComesBack) {
  const auto read = StoredConnectionFromJson(ToJson(Whole()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->id, "id-1");
  EXPECT_EQ(read->policy, Whole().policy);
  EXPECT_EQ(read->state, State::kInDoubt);
  EXPECT_EQ(read->reason, "because \"of\" that");
  EXPECT_EQ(read->since, At(11));
  EXPECT_EQ(read->created, At(12));
  EXPECT_EQ(read->credential_since, At(13));
  EXPECT_EQ(read->ends, At(14));
  EXPECT_EQ(read->idle_limit, seconds(15));
  EXPECT_EQ(read->rotate_after, seconds(16));
  ASSERT_TRUE(read->oauth);
  const OAuthGrant& grant = *read->oauth;
  EXPECT_EQ(grant.kind, OAuthGrant::Kind::kJwtBearer);
  EXPECT_EQ(grant.server.issuer, "https://as.test");
  EXPECT_EQ(grant.server.authorization_endpoint, "https://as.test/authorize");
  EXPECT_EQ(grant.server.token_endpoint, "https://as.test/token");
  EXPECT_EQ(grant.server.revocation_endpoint, "https://as.test/revoke");
  EXPECT_EQ(grant.server.device_authorization_endpoint, "https://as.test/device");
  EXPECT_EQ(grant.server.code_challenge_methods, Whole().oauth->server.code_challenge_methods);
  EXPECT_EQ(grant.server.token_auth_methods, Whole().oauth->server.token_auth_methods);
  EXPECT_EQ(grant.server.grant_types, Whole().oauth->server.grant_types);
  EXPECT_EQ(grant.server.iss, oauth::ServerMetadata::Iss::kPromised);
  EXPECT_EQ(grant.client_id, "client");
  EXPECT_EQ(grant.authentication, oauth::ClientAuthentication::kPrivateKeyJwt);
  EXPECT_EQ(grant.algorithm, broker::JwtInjection::Algorithm::kEdDsa);
  EXPECT_EQ(grant.key_id, "key");
  EXPECT_EQ(grant.assertion_issuer, "issuer");
  EXPECT_EQ(grant.assertion_subject, "subject");
  EXPECT_EQ(grant.assertion_audience, "audience");
  EXPECT_EQ(grant.assertion_key_id, "assertion-key");
  EXPECT_EQ(grant.assertion_algorithm, broker::JwtInjection::Algorithm::kEs256);
  EXPECT_EQ(grant.assertion_scope_in, OAuthGrant::ScopeIn::kClaim);
  EXPECT_EQ(grant.requested, (oauth::ScopeSet{"read", "write"}));
  EXPECT_EQ(grant.granted, oauth::ScopeSet{"read"});
  EXPECT_EQ(grant.access_expires, At(17));
  EXPECT_EQ(grant.access_since, At(18));
  EXPECT_EQ(grant.rotation, OAuthGrant::Rotation::kRotates);
}

TEST(StoredConnectionTest, WhatIsOptionalStaysAway) {
  StoredConnection connection = Whole();
  connection.ends.reset();
  connection.idle_limit.reset();
  connection.rotate_after.reset();
  connection.oauth->access_expires.reset();
  auto read = StoredConnectionFromJson(ToJson(connection));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->ends || read->idle_limit || read->rotate_after || read->oauth->access_expires);
  connection.oauth.reset();
  read = StoredConnectionFromJson(ToJson(connection));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->oauth);
}

TEST(StoredConnectionTest, EveryNameOfAnEnumerationComesBack) {
  for (const State state : {State::kActive, State::kNeedsReauth, State::kInDoubt, State::kEnded}) {
    StoredConnection connection = Whole();
    connection.state = state;
    EXPECT_EQ(StoredConnectionFromJson(ToJson(connection))->state, state);
  }
  using Kind = OAuthGrant::Kind;
  for (const Kind kind : {Kind::kAuthorizationCode, Kind::kDevice, Kind::kClientCredentials, Kind::kJwtBearer}) {
    StoredConnection connection = Whole();
    connection.oauth->kind = kind;
    EXPECT_EQ(StoredConnectionFromJson(ToJson(connection))->oauth->kind, kind);
    EXPECT_EQ(UsesRefreshToken(kind), kind == Kind::kAuthorizationCode || kind == Kind::kDevice);
  }
}

// Each member of each object: missing, of another type, and beside one that nobody knows.
void WalkMembers(json::value& value, const std::function<std::string()>& text, int* refused) {
  json::object& object = value.get_object();
  std::vector<std::string> names;
  for (const auto& member : object) names.emplace_back(member.key());
  for (const std::string& name : names) {
    const json::value kept = object.at(name);
    const bool optional =
        name == "ends" || name == "idleLimit" || name == "rotateAfter" || name == "oauth" || name == "accessExpires";
    if (!optional) {
      object.erase(name);
      EXPECT_NE(Refusal(text()), "") << "without " << name;
      ++*refused;
    }
    for (const json::value& other : {json::value(nullptr), json::value(true), json::value(1.5), json::value("nonsense"),
                                     json::value(json::array{1}), json::value(json::object{{"a", 1}})}) {
      if (kept.is_string() && other.is_string()) {
        if (name != "state" && name != "kind" && name != "rotation" && name != "authentication" &&
            name != "algorithm" && name != "iss" && name != "scopeIn") {
          continue;
        }
      }
      object[name] = other;
      EXPECT_NE(Refusal(text()), "") << name << " as " << json::serialize(other);
      ++*refused;
    }
    object[name] = kept;
    if (kept.is_object()) WalkMembers(object[name], text, refused);
  }
  object["other"] = 1;
  EXPECT_NE(Refusal(text()), "") << "one more member";
  object.erase("other");
  ASSERT_EQ(Refusal(text()), "") << "nothing is left of the changes";
}

TEST(StoredConnectionTest, EverythingElseIsRefused) {
  json::value document = json::parse(ToJson(Whole()));
  int refused = 0;
  WalkMembers(
      document, [&] { return json::serialize(document); }, &refused);
  EXPECT_GT(refused, 150);
  for (const std::string text : {"", "null", "[]", "{}", "1", "\"x\"", "{"}) EXPECT_NE(Refusal(text), "") << text;
  const std::string whole = ToJson(Whole());
  EXPECT_NE(Refusal(whole + " 1"), "");
  EXPECT_NE(Refusal("{\"id\":\"x\"," + whole.substr(1)), "") << "a name twice";
  document.at("format") = 2;
  EXPECT_EQ(Refusal(json::serialize(document)), "it was written by another version of Warder");
}

TEST(StoredConnectionTest, AnOAuthPolicyInjectsTheAccessTokenAndNothingElse) {
  const std::string origin = "origin https://a.test\nallow * /**\n";
  EXPECT_TRUE(CheckOAuthPolicy(origin + "inject bearer access_token\n"));
  for (const std::string& policy : {origin + "inject bearer token\n", origin, std::string("nonsense"), std::string(),
                                    origin + "inject basic access_token refresh_token\n"}) {
    const auto checked = CheckOAuthPolicy(policy);
    ASSERT_FALSE(checked) << policy;
    EXPECT_EQ(checked.error().kind, ErrorKind::kInvalidInput);
  }
}

}  // namespace
}  // namespace warder::connections

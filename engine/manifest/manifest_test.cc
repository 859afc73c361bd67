// Manifests: one spelling, no lies, and what a new one would newly allow.
#include "warder/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "warder/engine.h"

namespace warder::manifest {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

constexpr const char* kBase = R"({
  "warder": 1, "name": "Acme tagging", "version": "1.0.0", "description": "Tags\nbig orders",
  "components": [{ "key": "acme", "label": "Acme",
    "connections": [{ "key": "oauth", "kind": "oauth2", "origins": ["https://api.acme.test"], "methods": ["GET", "POST"],
      "grant": "authorization-code", "authorizeUrl": "https://id.acme.test/authorize", "tokenUrl": "https://id.acme.test/token",
      "scopes": ["orders:read"] }],
    "actions": [{ "key": "getOrder", "label": "Get order", "idempotent": true,
      "retry": { "maxAttempts": 3, "delay": 1000, "maxDelay": 86400000, "backoff": "exponential", "jitter": true },
      "inputs": [{ "key": "connection", "type": "connection", "required": true }, { "key": "id", "type": "string", "required": true },
        { "key": "lines", "type": "list", "items": { "type": "object", "fields": [{ "key": "sku", "type": "string" }] } }] }] }],
  "config": [{ "key": "acme", "type": "connection", "connection": "acme.oauth" },
    { "key": "threshold", "type": "number", "default": 0.5, "minimum": 0 }],
  "flows": [{ "key": "tag", "name": "Tag", "trigger": { "kind": "webhook", "methods": ["POST"], "respond": false,
      "verify": { "scheme": "github", "secret": "signingSecret" } },
    "inputs": [], "retry": { "maxAttempts": 2, "delay": 30000, "maxDelay": 86400000, "backoff": "fixed", "jitter": true },
    "limits": { "wall": 30000, "heap": 67108864 } }]
})";

json::value Base() { return json::parse(kBase); }

// The base with one place of it changed: a path such as "/flows/0/key", and JSON, or "" to remove it.
std::string With(const std::string& path, const std::string& value) {
  json::value document = Base();
  const std::size_t cut = path.rfind('/');
  json::value& parent = cut == 0 ? document : document.at_pointer(path.substr(0, cut));
  const std::string name = path.substr(cut + 1);
  if (parent.is_array()) {
    json::array& array = parent.get_array();
    if (std::stoul(name) >= array.size()) {
      array.push_back(json::parse(value));
    } else {
      array[std::stoul(name)] = json::parse(value);
    }
  } else if (value.empty()) {
    parent.as_object().erase(name);
  } else {
    parent.as_object()[name] = json::parse(value);
  }
  return json::serialize(document);
}

std::string Wrong(const std::string& text) {
  try {
    Canonical(text);
    return "nothing";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status(), Status::kInvalid);
    return error.what();
  }
}

TEST(ManifestTest, HasOneSpelling) {
  const std::string canonical = Canonical(kBase);
  EXPECT_EQ(Canonical(canonical), canonical);
  EXPECT_THAT(canonical, testing::StartsWith(R"({"components":[{"actions":[{"idempotent":true,)"));
  EXPECT_THAT(canonical, HasSubstr(R"("default":5E-1)"));
}

struct Case {
  const char* path;
  const char* value;
  const char* sentence;
};

class Lies : public testing::TestWithParam<Case> {};

TEST_P(Lies, AreNamedWithTheirPlace) { EXPECT_EQ(Wrong(With(GetParam().path, GetParam().value)), GetParam().sentence); }

constexpr Case kLies[] = {
    {"/warder", "2", "the manifest's warder must be 1, but is 2"},
    {"/warder", "", "the manifest's warder is missing: it must be 1, the manifest's format"},
    {"/name", "7", "the manifest's name must be a text of at most 4096 bytes without control characters, but is 7"},
    {"/name", R"("a\u001b[2J")",
     "the manifest's name must be a text of at most 4096 bytes without control characters, but is \"a\\u001b[2J\""},
    {"/version", "", "the manifest's version is missing: it must be a text"},
    {"/grant", R"("all")", "the manifest has the unknown member \"grant\"; take it out"},
    {"/flows", "[]", "the manifest's flows must be a list of at least one flow, but is []"},
    {"/flows", "{}", "the manifest's flows must be a list of at most 1000, but is {}"},
    {"/flows/0/key", R"("Tag")",
     "the manifest's flows[0].key must be words of a-z and 0-9 joined by \"-\", but is \"Tag\""},
    {"/flows/0/trigger", "", "the manifest's flows[0].trigger is missing: it must be an object"},
    {"/flows/0/trigger/kind", R"("email")",
     "the manifest's flows[0].trigger.kind must be one of webhook, schedule, poll, manual, but is \"email\""},
    {"/flows/0/trigger/verify", "", "the manifest's flows[0].trigger.verify is missing: it must be an object"},
    {"/flows/0/trigger/verify/secret", "",
     "the manifest's flows[0].trigger.verify.secret is missing: it must be a text"},
    {"/flows/0/trigger/methods", R"(["post"])",
     "the manifest's flows[0].trigger.methods[0] must be a method, but is \"post\""},
    {"/flows/0/jit", "false", "the manifest's flows[0].jit must be true, or be left out, but is false"},
    {"/flows/0/limits", R"({"wall":99999999})",
     "the manifest's flows[0].limits: limit \"wall\": 99999999ms is outside of 1ms to 15m"},
    {"/flows/0/limits", R"({"wand":1})",
     "the manifest's flows[0].limits: limit \"wand\" does not exist; the limits are wall, cpu, heap, array-buffer, "
     "calls, "
     "in-flight, timers, request-bytes, response-bytes, log, output, event, bundle"},
    {"/flows/0/retry/maxAttempts", "21",
     "the manifest's flows[0].retry.maxAttempts must be a whole number from 1 to 20, but is 21"},
    {"/flows/1", R"({"key":"tag","name":"T","trigger":{"kind":"manual"},"inputs":[],"limits":{}})",
     "the manifest's flows[1] must have a key of its own"},
    {"/components/0/connections/0/origins", R"(["https://api.acme.test/"])",
     "the manifest's components[0].connections[0].origins[0] must be an origin such as \"https://api.acme.test\", but "
     "is "
     "\"https://api.acme.test/\""},
    {"/components/0/connections/0/origins", R"(["https://*.acme.test"])",
     "the manifest's components[0].connections[0].origins[0] must be an origin such as \"https://api.acme.test\", but "
     "is "
     "\"https://*.acme.test\""},
    {"/components/0/connections/0/origins", "[]",
     "the manifest's components[0].connections[0].origins must name at least one origin"},
    {"/components/0/connections/0/kind", R"("apiKey")",
     "the manifest's components[0].connections[0] must have header or query"},
    {"/components/0/connections/0/tokenUrl", R"("file:///etc/passwd")",
     "the manifest's components[0].connections[0].tokenUrl must be a URL of http or https, but is "
     "\"file:///etc/passwd\""},
    {"/components/0/connections/0/scopes", R"(["a","a"])",
     "the manifest's components[0].connections[0].scopes[1] must not be there twice, but is \"a\""},
    {"/components/0/actions/0/inputs/0/type", R"("secret")",
     "the manifest's components[0].actions[0].inputs[0].type must be one of string, number, boolean, object, list, "
     "map, "
     "connection, any, but is \"secret\""},
    {"/components/0/actions/0/inputs/0/perform", "1",
     "the manifest's components[0].actions[0].inputs[0] has the unknown member \"perform\"; take it out"},
    {"/config/0/connection", R"("other.oauth")",
     "the manifest's config[0].connection must name a connection of a component, but is \"other.oauth\""},
    {"/config/1/minimum", R"("0")", "the manifest's config[1].minimum must be a number, but is \"0\""},
};

INSTANTIATE_TEST_SUITE_P(All, Lies, testing::ValuesIn(kLies));

TEST(ManifestTest, WhatIsNoManifestIsSaidToBeNone) {
  EXPECT_THAT(Wrong("{"), HasSubstr("the manifest cannot be read: "));
  EXPECT_EQ(Wrong("[]"), "the manifest must be an object, but is []");
  EXPECT_THAT(Wrong(std::string("{\"name\":\"\xff\"}")), HasSubstr("the manifest cannot be read: "));
  EXPECT_THAT(Wrong(R"({"warder":1,"warder":1})"), HasSubstr("the manifest cannot be read: "));
  EXPECT_THAT(Wrong(std::string(kMaxBytes + 1, ' ')), HasSubstr("more than the 1 MB"));
}

TEST(ManifestTest, ReadsLikeAPage) {
  EXPECT_EQ(Text(kBase),
            "Acme tagging 1.0.0\nTags big orders\n\n"
            "Connections\n"
            "  acme.oauth  oauth2\n"
            "    reaches https://api.acme.test, GET, POST\n"
            "    grant authorization-code\n"
            "    scopes orders:read\n"
            "    authorizes at https://id.acme.test/authorize\n"
            "    gets tokens from https://id.acme.test/token\n\n"
            "Configuration\n"
            "  acme: connection acme.oauth\n"
            "  threshold: number\n\n"
            "Flows\n"
            "  tag  Tag\n"
            "    started by a webhook (POST), verified as github with the secret signingSecret\n"
            "    tried up to 2 times, after 30s, fixed\n"
            "    limits wall 30s, heap 64MB\n\n"
            "Actions\n"
            "  acme.getOrder  Get order, idempotent\n"
            "    tried up to 3 times, after 1s, exponential\n"
            "    connection: connection, required\n"
            "    id: string, required\n"
            "    lines: list of object { sku: string }\n");
}

std::vector<std::string> Changes(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const Change& each : Compare(before, after)) {
    lines.push_back((each.kind == Change::Kind::kWidens    ? "+ "
                     : each.kind == Change::Kind::kNarrows ? "- "
                                                           : "  ") +
                    each.text);
  }
  return lines;
}

struct Difference {
  const char* path;
  const char* value;
  const char* forward;   // from the base to the changed one
  const char* backward;  // and back
};

class Differences : public testing::TestWithParam<Difference> {};

TEST_P(Differences, AreToldInWords) {
  const std::string changed = With(GetParam().path, GetParam().value);
  EXPECT_THAT(Changes(kBase, changed), testing::ElementsAre(GetParam().forward));
  EXPECT_THAT(Changes(changed, kBase), testing::ElementsAre(GetParam().backward));
}

constexpr Difference kDifferences[] = {
    {"/flows/0/jit", "true", "+ the flow tag asks for jit", "- the flow tag no longer asks for jit"},
    {"/components/0/connections/0/origins/1", R"("https://files.acme.test")",
     "+ the connection acme.oauth may also reach https://files.acme.test",
     "- the connection acme.oauth may no longer reach https://files.acme.test"},
    {"/components/0/connections/0/scopes/1", R"("orders:write")",
     "+ the connection acme.oauth may also ask for the scope orders:write",
     "- the connection acme.oauth may no longer ask for the scope orders:write"},
    {"/components/0/connections/0/methods/2", R"("DELETE")",
     "+ the connection acme.oauth may also use the method DELETE",
     "- the connection acme.oauth may no longer use the method DELETE"},
    {"/components/0/connections/0/methods", "", "+ the connection acme.oauth may also use any method",
     "- the connection acme.oauth may no longer use but GET, POST"},
    {"/components/0/connections/0/tokenUrl", R"("https://evil.test/token")",
     "+ the connection acme.oauth gets tokens from https://evil.test/token instead of https://id.acme.test/token",
     "+ the connection acme.oauth gets tokens from https://id.acme.test/token instead of https://evil.test/token"},
    {"/components/0/connections/1", R"({"key":"key","kind":"apiKey","header":"x-key","origins":["https://b.test"]})",
     "+ it has a connection acme.key (apiKey) to https://b.test with any method",
     "- it no longer has a connection acme.key (apiKey) to https://b.test with any method"},
    {"/config/2", R"({"key":"more","type":"connection","connection":"acme.oauth"})",
     "+ the configuration has more, the connection acme.oauth", "- the configuration no longer has more"},
    {"/config/2", R"({"key":"more","type":"string"})", "  the configuration has more",
     "  the configuration no longer has more"},
    {"/flows/1", R"({"key":"purge","name":"P","trigger":{"kind":"poll","every":60000},"inputs":[],"limits":{}})",
     "+ it has a flow purge, started by a poll every 1m", "- it no longer has the flow purge"},
    {"/flows/0/limits/wall", "60000", "+ the flow tag has the limit wall of 1m instead of 30s",
     "- the flow tag has the limit wall of 30s instead of 1m"},
    {"/flows/0/limits/wall", "", "+ the flow tag has the limit wall of 1m instead of 30s",
     "- the flow tag has the limit wall of 30s instead of 1m"},
    {"/flows/0/retry/maxAttempts", "5", "+ the flow tag is tried up to 5 times instead of 2",
     "- the flow tag is tried up to 2 times instead of 5"},
    {"/flows/0/trigger/verify", R"({"scheme":"none"})",
     "+ the flow tag is started by a webhook (POST), not verified instead of a webhook (POST), verified as github with "
     "the "
     "secret signingSecret",
     "- the flow tag is started by a webhook (POST), verified as github with the secret signingSecret instead of a "
     "webhook "
     "(POST), not verified"},
    {"/flows/0/trigger", R"({"kind":"manual"})",
     "- the flow tag is started by hand instead of a webhook (POST), verified as github with the secret signingSecret",
     "+ the flow tag is started by a webhook (POST), verified as github with the secret signingSecret instead of hand"},
    {"/components/0/actions/0/idempotent", "false", "  the action acme.getOrder is no longer idempotent",
     "  the action acme.getOrder is idempotent"},
    {"/name", R"("Other")", "  it is called Other instead of Acme tagging",
     "  it is called Acme tagging instead of Other"},
};

INSTANTIATE_TEST_SUITE_P(All, Differences, testing::ValuesIn(kDifferences));

TEST(ManifestTest, AVersionAloneChangesNothing) {
  EXPECT_THAT(Changes(kBase, With("/version", R"("1.0.1")")), testing::IsEmpty());
}

TEST(ManifestTest, WhatASlowerClockStartsIsNarrower) {
  const auto every = [](const char* milliseconds) {
    return With("/flows/0/trigger", std::string(R"({"kind":"schedule","every":)") + milliseconds + "}");
  };
  EXPECT_THAT(
      Changes(every("60000"), every("120000")),
      testing::ElementsAre("- the flow tag is started by a schedule: every 2m instead of a schedule: every 1m"));
  EXPECT_THAT(
      Changes(every("120000"), every("60000")),
      testing::ElementsAre("+ the flow tag is started by a schedule: every 1m instead of a schedule: every 2m"));
}

TEST(TermsTest, JitIsForThoseWhoAskForItAndAreGrantedIt) {
  const auto terms = [](const std::string& manifest, CellProfile most) { return TermsOf(manifest, "", {}, most); };
  const std::string asks = With("/flows/0/jit", "true");
  EXPECT_EQ(terms(asks, CellProfile::kJit).profile, CellProfile::kJit);
  EXPECT_EQ(terms(asks, CellProfile::kJitless).profile, CellProfile::kJitless);
  EXPECT_EQ(terms(asks, CellProfile::kJitless).asked_profile, CellProfile::kJit);
  EXPECT_EQ(terms(kBase, CellProfile::kJit).profile, CellProfile::kJitless);
  EXPECT_EQ(TermsOf(asks, "", {}).profile, CellProfile::kJitless) << "nobody has granted it";
  EXPECT_THAT(Text(asks), HasSubstr("asks for jit"));
}

TEST(TermsTest, OfEachLimitTheSmallerOneHolds) {
  constexpr const char* kManifest =
      R"({"components":[],"config":[],"flows":[{"inputs":[],"key":"a","limits":{"wall":5000,"calls":2000},"name":"A","retry":)"
      R"({"backoff":"linear","delay":100,"jitter":true,"maxAttempts":4,"maxDelay":250},"trigger":{"kind":"manual"}},)"
      R"({"inputs":[],"key":"b","limits":{},"name":"B","trigger":{"kind":"manual"}}],"name":"N","version":"1","warder":1})";
  Limits ceiling;
  const Terms a = TermsOf(kManifest, "a", ceiling);
  EXPECT_EQ(a.limits.wall_ms, 5'000U);
  EXPECT_EQ(a.limits.calls, ceiling.calls);  // 1,000
  EXPECT_EQ(a.retry.attempts, 4U);
  ceiling.wall_ms = 1'000;
  EXPECT_EQ(TermsOf(kManifest, "a", ceiling).limits.wall_ms, 1'000U);
  const Terms b = TermsOf(kManifest, "b", ceiling);
  EXPECT_EQ(b.retry.attempts, 1U);
  EXPECT_EQ(b.limits.wall_ms, 1'000U);
  EXPECT_THROW(TermsOf(kManifest, "", ceiling), EngineError);
  EXPECT_THROW(TermsOf(kManifest, "c", ceiling), EngineError);
  using std::chrono::milliseconds;
  EXPECT_EQ(DelayAfter(a.retry, 1, 1), milliseconds(100));
  EXPECT_EQ(DelayAfter(a.retry, 2, 0), milliseconds(100));
  EXPECT_EQ(DelayAfter(a.retry, 9, 1), milliseconds(250));
  Retry retry = a.retry;
  retry.jitter = false;
  retry.backoff = "exponential";
  retry.max_delay_ms = 10'000'000'000;
  EXPECT_EQ(DelayAfter(retry, 4, 0), milliseconds(800));
  EXPECT_GT(DelayAfter(retry, 1'000, 0), milliseconds(100'000'000));
  retry.backoff = "fixed";
  EXPECT_EQ(DelayAfter(retry, 4, 0), milliseconds(100));
}

}  // namespace
}  // namespace warder::manifest

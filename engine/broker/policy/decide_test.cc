#include "engine/broker/policy/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/broker/capabilities.h"

namespace warder::broker {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kPolicy = R"(origin https://a.test
origin http://127.0.0.1:8080
deny   *        /v1/admin/**
allow  GET,HEAD /v1/orders/{id}
allow  POST     /v1/orders
allow  *        /v1/files/**
deny   DELETE   /v1/{folder}/locked
query  page, filter*
request-headers x-acme-*
)";

Decision Ask(const std::string& policy, const std::string& method, const std::string& url,
             const HeaderList& headers = {}) {
  const auto parsed = ParsePolicy(policy);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  const auto canonical = CanonicalizeUrl(url);
  EXPECT_TRUE(canonical) << url;
  return parsed && canonical ? Decide(*parsed, method, *canonical, headers) : Decision{};
}

Decision Ask(const std::string& method, const std::string& url, const HeaderList& headers = {}) {
  return Ask(kPolicy, method, url, headers);
}

TEST(Decide, TheFirstRuleThatFitsDecides) {
  Decision decision = Ask("GET", "https://a.test/v1/orders/42");
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.line, 4U);
  EXPECT_EQ(decision.rule, "allow GET,HEAD /v1/orders/{id}");
  EXPECT_EQ(decision.Explanation(), "GET https://a.test is allowed by line 4 (allow GET,HEAD /v1/orders/{id})");

  EXPECT_TRUE(Ask("HEAD", "http://127.0.0.1:8080/v1/orders/a%20b").allowed);
  EXPECT_TRUE(Ask("POST", "https://a.test/v1/orders").allowed);
  EXPECT_TRUE(Ask("DELETE", "https://a.test/v1/files/locked").allowed) << "line 6 comes before line 7";

  decision = Ask("GET", "https://a.test/v1/admin/users");
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.line, 3U);
  EXPECT_EQ(decision.Explanation(), "GET https://a.test is denied by line 3 (deny * /v1/admin/**)");
  EXPECT_FALSE(Ask("GET", "https://a.test/V1/ADMIN").allowed);
}

TEST(Decide, WithoutARuleEverythingIsDenied) {
  for (const char* path :
       {"/", "/v1", "/v1/orders", "/v1/orders/", "/v1/orders/1/items", "/V1/orders/1", "/v2/orders/1"}) {
    const Decision decision = Ask("GET", std::string("https://a.test") + path);
    EXPECT_FALSE(decision.allowed) << path;
    EXPECT_EQ(decision.line, 0U);
    EXPECT_EQ(decision.Explanation(),
              "GET https://a.test matches none of the policy's rules; allow it with a line \"allow GET PATH\"");
  }
  EXPECT_FALSE(Ask("POST", "https://a.test/v1/orders/42").allowed);
  EXPECT_FALSE(Ask("OPTIONS", "https://a.test/v1/orders/42").allowed);
  EXPECT_FALSE(Ask("TRACE", "https://a.test/v1/files/x").allowed);
  EXPECT_FALSE(Ask("get", "https://a.test/v1/files/x").allowed);
  EXPECT_FALSE(Ask("", "GET", "https://a.test/").allowed);
}

TEST(Decide, OriginsAreExact) {
  for (const char* url :
       {"http://a.test/v1/files/x", "https://a.test:444/v1/files/x", "https://b.a.test/v1/files/x",
        "https://a.test.b/v1/files/x", "http://127.0.0.1/v1/files/x", "http://localhost:8080/v1/files/x"}) {
    const Decision decision = Ask("GET", url);
    EXPECT_FALSE(decision.allowed) << url;
    EXPECT_THAT(decision.Explanation(),
                HasSubstr("is not an origin of the policy; allow it with a line \"origin http"));
  }
  const auto canonical = CanonicalizeUrl("https://b.test/x");
  for (const auto& origins : {std::vector<std::string>{"https://a.test"}, std::vector<std::string>{}}) {
    EXPECT_EQ(Decide(*Policy::FromOrigins(origins), "GET", *canonical, {}).Explanation(),
              "https://b.test is not in the grant; allow it with --allow https://b.test");
  }
  EXPECT_TRUE(Decide(*Policy::FromOrigins({"https://b.test"}), "GET", *canonical, {}).allowed);
}

TEST(Decide, AmbiguousPathsAreDeniedWhereRulesNamePaths) {
  for (const char* path : {"/v1/files//x", "/v1/files/a%2fb", "/v1/files/a%5Cb", "/v1/files/;x", "/v1/files/a;x",
                           "/v1/files/%2541", "/v1/files/%3b", "/v1/files/%3fq", "/v1/files/%FF"}) {
    const Decision decision = Ask("GET", std::string("https://a.test") + path);
    EXPECT_FALSE(decision.allowed) << path;
    EXPECT_THAT(decision.Explanation(), HasSubstr("ambiguous")) << path;
    EXPECT_TRUE(Ask("origin https://a.test\nallow GET /**\n", "GET", std::string("https://a.test") + path).allowed)
        << path;
  }
}

TEST(Decide, QueryParametersAreThoseListed) {
  for (const char* query :
       {"?", "?page=1", "?page", "?page=1&filter[name]=x&filter", "?p%61ge=1", "?page=a%3Bb", "?&page=1&"}) {
    EXPECT_TRUE(Ask("GET", std::string("https://a.test/v1/orders/1") + query).allowed) << query;
  }
  for (const char* query : {"?pages=1", "?Page=1", "?page=1&admin=1", "?=1", "?%2570age=1", "?page=1;admin=1",
                            "?+page=1", "?page%5B%5D=1", "?x"}) {
    const Decision decision = Ask("GET", std::string("https://a.test/v1/orders/1") + query);
    EXPECT_FALSE(decision.allowed) << query;
    EXPECT_EQ(decision.line, 8U);
  }
  EXPECT_EQ(
      Ask("GET", "https://a.test/v1/orders/1?admin=s3cr3t").Explanation(),
      "GET https://a.test has the query parameter \"admin\", which is not listed in line 8 (query filter*, page)");
  EXPECT_THAT(Ask("GET", "https://a.test/v1/orders/1?s3cr3t").Explanation(), Not(HasSubstr("s3cr3t")));
  const std::string none = "origin https://a.test\nallow * /**\nquery none\n";
  EXPECT_TRUE(Ask(none, "GET", "https://a.test/").allowed);
  EXPECT_FALSE(Ask(none, "GET", "https://a.test/?none=1").allowed);
}

TEST(Decide, HeadersAreTheSafeOnesAndThoseListed) {
  EXPECT_TRUE(Ask("GET", "https://a.test/v1/orders/1",
                  {{"Accept", "x"}, {"IF-NONE-MATCH", "x"}, {"X-Acme-Tag", "1"}, {"idempotency-key", "1"}})
                  .allowed);
  for (const char* name : {"authorization", "cookie", "x-acme", "x_acme-tag", "xx-acme-a"}) {
    const Decision decision = Ask("GET", "https://a.test/v1/orders/1", {{name, "s3cr3t"}});
    EXPECT_FALSE(decision.allowed) << name;
    EXPECT_EQ(decision.line, 9U);
    EXPECT_EQ(decision.rule, "request-headers x-acme-*");
    EXPECT_THAT(decision.Explanation(), HasSubstr(std::string("has the header ") + name + ", which is not listed"));
    EXPECT_THAT(decision.Explanation(), Not(HasSubstr("s3cr3t")));
  }
}

TEST(Decide, ExplanationsHoldNoPathAndNoValue) {
  for (const char* url :
       {"https://a.test/v1/s3cr3t", "https://a.test/v1/admin/s3cr3t", "https://a.test/v1/orders/s3cr3t",
        "https://a.test/v1/files/s3cr3t%2f", "https://b.test/s3cr3t?x=s3cr3t", "https://a.test/v1/orders/1?x=s3cr3t",
        "https://a.test/v1/orders/1?page=s3cr3t"}) {
    EXPECT_THAT(Ask("GET", url).Explanation(), Not(HasSubstr("s3cr3t"))) << url;
  }
}

TEST(RedirectRefusal, KeepsToTheRule) {
  const Origin a{"https", "a.test", 443};
  const Origin b{"https", "b.test", 443};
  Policy policy;
  policy.redirects = RedirectRule::kListed;
  EXPECT_EQ(RedirectRefusal(policy, a, a), "");
  EXPECT_EQ(RedirectRefusal(policy, a, b), "");
  policy.redirects = RedirectRule::kSameOrigin;
  EXPECT_EQ(RedirectRefusal(policy, a, a), "");
  EXPECT_THAT(RedirectRefusal(policy, a, b), HasSubstr("redirects listed"));
  policy.redirects = RedirectRule::kNone;
  EXPECT_THAT(RedirectRefusal(policy, a, a), HasSubstr("redirects same-origin"));
}

TEST(Grant, CountsCalls) {
  const auto policy = ParsePolicy("origin https://a.test\nallow * /**\ncalls 2\n");
  Grant grant("", "", std::make_shared<Policy>(*policy), nullptr, nullptr);
  EXPECT_TRUE(grant.TakeCall());
  EXPECT_TRUE(grant.TakeCall());
  EXPECT_FALSE(grant.TakeCall());
  Grant endless("", "", std::make_shared<Policy>(), nullptr, nullptr);
  EXPECT_TRUE(endless.TakeCall());
}

}  // namespace
}  // namespace warder::broker

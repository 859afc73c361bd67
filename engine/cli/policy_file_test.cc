#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class PolicyFileTest : public testing::Test {
 protected:
  Ran Check(const std::string& request, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"policy", "check", file_, "--request", request};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Warder(arguments);
  }

  Scratch scratch_;
  std::string file_ = scratch_.Put("acme.policy",
                                   "origin https://api.acme.test  # the only one\n"
                                   "deny * /v1/admin/**\n"
                                   "allow HEAD,GET /v1/%6frders/{id}\n"
                                   "request-headers x-acme-*\n");
};

TEST_F(PolicyFileTest, ShowPrintsTheCanonicalFormAndItsHash) {
  const Ran shown = Warder({"policy", "show", file_});
  EXPECT_EQ(shown.code, 0) << shown.err;
  const std::string text =
      "origin https://api.acme.test\ndeny * /v1/admin/**\nallow GET,HEAD /v1/orders/{id}\nrequest-headers x-acme-*\n";
  EXPECT_THAT(shown.out, StartsWith("# sha256 "));
  EXPECT_EQ(shown.out.substr(shown.out.find('\n') + 1), text);
  const auto object = boost::json::parse(Warder({"policy", "show", file_, "--json"}).out).as_object();
  EXPECT_EQ(std::string(object.at("text").as_string()), text);
  EXPECT_EQ(shown.out.substr(9, 64), std::string(object.at("sha256").as_string()));
  EXPECT_EQ(Warder({"policy", "show", scratch_.Put("again", shown.out)}).out, shown.out);
}

TEST_F(PolicyFileTest, CheckSaysWhichLineDecidesAndWhy) {
  Ran ran = Check("GET https://API.acme.test:443/v1/orders/42");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "allowed: GET https://api.acme.test is allowed by line 3 (allow GET,HEAD /v1/orders/{id})\n");
  ran = Check("GET https://api.acme.test/V1/Admin/x");
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.out, "denied: GET https://api.acme.test is denied by line 2 (deny * /v1/admin/**)\n");
  EXPECT_EQ(ran.err, "");
  ran = Check("GET https://evil.test/");
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.out, HasSubstr("https://evil.test is not an origin of the policy"));
  ran = Check("GET https://api.acme.test/v1/orders/42", {"--header", "Accept: */*", "--header", "cookie:a=b"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.out, HasSubstr("has the header cookie, which is not listed in line 4"));
}

TEST_F(PolicyFileTest, WhatTheBrokerRefusesIsDeniedUnderAnyPolicy) {
  for (const char* request : {"TRACE https://api.acme.test/", "GET https://user@api.acme.test/", "GET /v1",
                              "GET https://api.acme.test/v1/../x", "GET  https://api.acme.test/"}) {
    const Ran ran = Check(request);
    EXPECT_EQ(ran.code, 4) << request;
    EXPECT_THAT(ran.out, StartsWith("denied: refused under any policy: ")) << request;
  }
  EXPECT_EQ(Check("GET https://api.acme.test/v1/orders/1", {"--header", "Host: x"}).code, 4);
}

TEST_F(PolicyFileTest, JsonHasTheLine) {
  Ran ran = Check("GET https://api.acme.test/v1/admin", {"--json"});
  EXPECT_EQ(ran.code, 4);
  auto object = boost::json::parse(ran.out).as_object();
  EXPECT_EQ(object.at("allowed"), false);
  EXPECT_EQ(object.at("line"), 2);
  EXPECT_EQ(object.at("rule"), "deny * /v1/admin/**");
  EXPECT_THAT(std::string(object.at("explanation").as_string()), HasSubstr("is denied by line 2"));
  object = boost::json::parse(Check("PUT https://api.acme.test/v1", {"--json"}).out).as_object();
  EXPECT_TRUE(object.at("line").is_null());
  EXPECT_TRUE(object.at("rule").is_null());
}

TEST_F(PolicyFileTest, WhatIsNotWellFormedExitsWithTwo) {
  const std::string bad = scratch_.Put("bad.policy", "origin https://a.test\nalow * /\n");
  for (const Ran& ran :
       {Warder({"policy", "show", bad}), Warder({"policy", "check", bad, "--request", "GET https://a/"})}) {
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "warder: " + bad + ": line 2, column 1: there is no directive 'alow'; did you mean 'allow'?\n");
  }
  for (const char* request : {"", "GET", "GET ", " https://a.test/", "https://a.test/"}) {
    EXPECT_EQ(Check(request).code, 2) << request;
  }
  EXPECT_EQ(Check("GET https://api.acme.test/", {"--header", "accept"}).code, 2);
  EXPECT_EQ(Warder({"policy", "check", file_}).code, 2);
  EXPECT_EQ(Warder({"policy", "show", scratch_ / "missing"}).code, 2);
  EXPECT_EQ(Warder({"policy", "show", scratch_.Put("long", std::string(70'000, '#'))}).code, 2);
  EXPECT_THAT(Warder({"policy", "chek", file_}).err, HasSubstr("did you mean 'check'?"));
}

TEST_F(PolicyFileTest, HelpHasExamples) {
  for (const char* name : {"show", "check"}) {
    const Ran help = Warder({"policy", name, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  warder policy " + std::string(name)));
  }
}

}  // namespace
}  // namespace warder::cli

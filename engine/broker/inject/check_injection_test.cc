#include "engine/broker/inject/testing.h"

namespace warder::broker {
namespace {

std::string Error(const Injection& injection) { return ErrorOf(CheckInjection(injection)); }

HmacInjection Signed() {
  HmacInjection injection;
  injection.header = "x-signature";
  injection.message = "{timestamp}.{nonce}.{body}";
  injection.timestamp_header = "x-timestamp";
  injection.nonce_header = "x-nonce";
  injection.field = "key";
  return injection;
}

TEST(CheckInjectionTest, WhatConnectionsNeedIsAllowed) {
  EXPECT_EQ(Error(HeaderInjection{"authorization", "Bearer ", "token"}), "");
  EXPECT_EQ(Error(HeaderInjection{"x-api-key", "", "token"}), "");
  EXPECT_EQ(Error(QueryInjection{"api_key", "token"}), "");
  EXPECT_EQ(Error(QueryInjection{"auth[key]", "token"}), "");
  EXPECT_EQ(Error(BasicInjection{"key", ""}), "");
  EXPECT_EQ(Error(BasicInjection{"", "key"}), "");
  EXPECT_EQ(Error(Signed()), "");
  EXPECT_EQ(Error(AwsSigV4Injection{"us-east-1", "execute-api", "id", "key", ""}), "");
  EXPECT_EQ(Error(JwtInjection{JwtInjection::Algorithm::kEs256, "key", "", "me"}), "");
}

TEST(CheckInjectionTest, HeadersMustBeOnesThatCanBeSet) {
  const std::string form = "name must name a header in lower case (RFC 9110 section 5.1)";
  for (const std::string& name : {std::string(), std::string("X-Key"), std::string("x key"), std::string("x\r\ny"),
                                  std::string("x:"), std::string(257, 'x')}) {
    EXPECT_EQ(Error(HeaderInjection{name, "", "token"}), form);
  }
  EXPECT_EQ(Error(HeaderInjection{"host", "", "token"}),
            "name names host, which cannot be set: the broker names the peer, from the URL that was judged");
  EXPECT_NE(Error(HeaderInjection{"content-length", "", "token"}), "");
  EXPECT_NE(Error(HeaderInjection{"proxy-authorization", "", "token"}), "");
  for (const std::string& prefix : {std::string(" a"), std::string("a\r\nb: c"), std::string("a\tb"),
                                    std::string("\xc3\xbc"), std::string(257, 'x')}) {
    EXPECT_EQ(Error(HeaderInjection{"authorization", prefix, "token"}),
              "prefix must have at most 256 printable ASCII characters, and no blank in front");
  }
  EXPECT_EQ(Error(HeaderInjection{"authorization", "", ""}), "field must name a field of the credential");
}

TEST(CheckInjectionTest, QueryAndBasic) {
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a\n"), std::string("\xc3\xbc")}) {
    EXPECT_EQ(Error(QueryInjection{name, "token"}),
              "name must be a query parameter's: 1 to 256 visible ASCII characters");
  }
  EXPECT_EQ(Error(QueryInjection{"a", ""}), "field must name a field of the credential");
  EXPECT_EQ(Error(BasicInjection{}), "user_field and password_field are both empty: there is nothing to inject");
}

TEST(CheckInjectionTest, WhatAnHmacSignsIsSent) {
  const auto error = [](auto change) {
    HmacInjection injection = Signed();
    change(injection);
    return Error(injection);
  };
  const std::string unsent = " is empty, but the message holds what the other side must be sent";
  EXPECT_EQ(error([](auto& one) { one.timestamp_header = ""; }), "timestamp_header" + unsent);
  EXPECT_EQ(error([](auto& one) { one.nonce_header = ""; }), "nonce_header" + unsent);
  EXPECT_EQ(error([](auto& one) { one.nonce_header = one.timestamp_header; }),
            "nonce_header names a header that the injection sets already");
  EXPECT_EQ(error([](auto& one) { one.timestamp_header = one.header; }),
            "timestamp_header names a header that the injection sets already");
  EXPECT_EQ(error([](auto& one) { one.nonce_header = "X-Nonce"; }),
            "nonce_header must name a header in lower case (RFC 9110 section 5.1)");
  EXPECT_EQ(error([](auto& one) { one.header = "te"; }),
            "header names te, which cannot be set: the broker frames the message itself");
  EXPECT_EQ(error([](auto& one) { one.field = ""; }), "field must name a field of the credential");
  EXPECT_EQ(error([](auto& one) { one.message = "{body"; }),
            "the message template is wrong at column 1: a \"{\" without its \"}\"; a brace of the text is written "
            "\"{{\"");
  EXPECT_EQ(error([](auto& one) {
              one.message = "{body}";
              one.timestamp_header = one.nonce_header = "";
            }),
            "");
}

TEST(CheckInjectionTest, AwsAndJwt) {
  const std::string scope = R"( must be lower-case letters, digits and hyphens, as in "us-east-1")";
  EXPECT_EQ(Error(AwsSigV4Injection{"us-east-1/x", "s3", "id", "key", ""}), "region" + scope);
  EXPECT_EQ(Error(AwsSigV4Injection{"us-east-1", "", "id", "key", ""}), "service" + scope);
  EXPECT_EQ(Error(AwsSigV4Injection{"us-east-1", "s3", "", "key", ""}),
            "access_key_field must name a field of the credential");
  EXPECT_EQ(Error(AwsSigV4Injection{"us-east-1", "s3", "id", "", ""}),
            "secret_key_field must name a field of the credential");

  const auto error = [](auto change) {
    JwtInjection injection{JwtInjection::Algorithm::kRs256, "key", "kid", "me", "you", "them"};
    change(injection);
    return Error(injection);
  };
  EXPECT_EQ(error([](auto& one) { one.issuer = ""; }), "issuer must say who issues the token (the claim iss)");
  EXPECT_EQ(error([](auto& one) { one.key_field = ""; }), "key_field must name a field of the credential");
  EXPECT_EQ(error([](auto& one) { one.subject = "\xff"; }), "subject must be UTF-8 of at most 1024 bytes");
  EXPECT_EQ(error([](auto& one) { one.audience = std::string(1025, 'a'); }),
            "audience must be UTF-8 of at most 1024 bytes");
  for (const int seconds : {-1, 0, 3601}) {
    EXPECT_EQ(error([&](auto& one) { one.lifetime = std::chrono::seconds(seconds); }),
              "lifetime must be 1 to 3600 seconds");
  }
}

}  // namespace
}  // namespace warder::broker

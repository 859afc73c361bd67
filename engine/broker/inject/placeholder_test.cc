#include "engine/broker/inject/placeholder.h"

#include "engine/base/base64.h"
#include "engine/broker/ascii.h"
#include "engine/broker/inject/testing.h"
#include "engine/broker/percent.h"

namespace warder::broker {
namespace {

using Kind = PlaceholderSite::Kind;

// acme: token (bearer or "Key "), user and password of Basic; other: token.
class PlaceholderTest : public testing::Test {
 protected:
  PlaceholderTest() {
    const PlaceholderSite authorization{Kind::kHeader, "authorization", "Key "};
    std::vector<PlaceholderField> fields = {{"acme", "token", {authorization, {Kind::kHeader, "x-api-key", ""}}},
                                            {"acme", "user", {{Kind::kBasicUser, "", ""}}},
                                            {"acme", "password", {{Kind::kBasicPassword, "", ""}}},
                                            {"other", "token", {authorization, {Kind::kBasicUser, "", ""}}}};
    std::string random;
    for (int i = 0; i < 4 * 24; ++i) random += static_cast<char>(i * 37 + 11);
    placeholders_ = Placeholders::Make(std::move(fields), random).value();
    token_ = placeholders_.all()[0].text;
    user_ = placeholders_.all()[1].text;
    password_ = placeholders_.all()[2].text;
    other_ = placeholders_.all()[3].text;
  }

  Result<std::optional<PlaceholderUse>> Find(const HeaderList& headers,
                                             const std::string& url = "https://api.example.com/v1?a=b",
                                             const std::string& method = "GET") const {
    const auto canonical = CanonicalizeUrl(url);
    if (!canonical) return canonical.error();
    return placeholders_.Find({method, *canonical, headers, [&](std::string_view connection) {
                                 return connection == "acme" && canonical->origin.host == "api.example.com";
                               }});
  }

  // The value of the first header; the error where there is one.
  std::string Filled(const HeaderList& headers, const SecretFields& fields = Fields(
                                                    {{"token", "T0K"}, {"user", "me"}, {"password", "pa:ss"}})) const {
    const auto use = Find(headers);
    if (!use) return ErrorOf(use);
    if (!*use) return "(none)";
    const auto filled = FillPlaceholders(**use, fields);
    if (!filled) return ErrorOf(filled);
    return std::string(filled->headers.at(0).value.view());
  }

  static std::string Basic(const std::string& both) { return "Basic " + Base64Of(both); }
  static std::string Refused(const std::string& field, const std::string& place) {
    return "the placeholder of connection \"acme\", field \"" + field + "\" stands in " + place +
           ", where it is not replaced; the connection says where it may stand";
  }

  Placeholders placeholders_;
  std::string token_, user_, password_, other_;
};

TEST_F(PlaceholderTest, IsThePrefixAnd32CharactersThatDiffer) {
  for (const Placeholder& one : placeholders_.all()) {
    EXPECT_EQ(one.text.size(), Placeholders::kBytes);
    EXPECT_TRUE(one.text.starts_with("wrd_"));
    EXPECT_EQ(one.text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
  }
  EXPECT_NE(token_, other_);
}

TEST_F(PlaceholderTest, ARequestWithoutOne) {
  EXPECT_EQ(Filled({{"authorization", "Bearer abc"}, {"accept", "*/*"}, {"x", Basic("a:b")}, {"y", "Basic ?"}}),
            "(none)");
  std::string almost = token_;
  almost.back() = almost.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(Filled({{"authorization", almost}, {"x", token_.substr(0, 35)}, {"y", token_.substr(1)}, {"z", "wrd_"}}),
            "(none)");
}

TEST_F(PlaceholderTest, AsAHeaderBehindWhatTheConnectionAllows) {
  EXPECT_EQ(Filled({{"Authorization", "Bearer " + token_}}), "Bearer T0K");
  EXPECT_EQ(Filled({{"authorization", "bearer " + token_}}), "bearer T0K");
  EXPECT_EQ(Filled({{"authorization", "token " + token_}}), "token T0K");
  EXPECT_EQ(Filled({{"authorization", "Key " + token_}}), "Key T0K");
  EXPECT_EQ(Filled({{"authorization", token_}}), "T0K");
  EXPECT_EQ(Filled({{"X-Api-Key", token_}}), "T0K");
}

TEST_F(PlaceholderTest, InAHeaderAnywhereElse) {
  const std::string place = Refused("token", "the header authorization");
  for (const std::string& value :
       {"key " + token_, "Key  " + token_, "Bearer  " + token_, "Digest " + token_, "Bearer " + token_ + ",",
        token_ + token_, "Bearer " + token_ + " " + token_, "\"" + token_ + "\"", LowerCase(token_),
        "Bearer " + PercentEncoded(token_).replace(3, 1, "%5F"), "%77" + token_.substr(1), "%2577" + token_.substr(1),
        "Bearer x" + token_}) {
    EXPECT_EQ(Filled({{"authorization", value}}), place) << value;
  }
  EXPECT_EQ(Filled({{"x-api-key", "Key " + token_}}), Refused("token", "the header x-api-key"));
  EXPECT_EQ(Filled({{"X-Other", token_}}), Refused("token", "the header X-Other"));
  EXPECT_EQ(Filled({{"cookie", "a=" + token_}}), Refused("token", "the header cookie"));
  EXPECT_EQ(Filled({{"x-" + token_, "1"}}), Refused("token", "a header's name"));
  EXPECT_EQ(Filled({{"authorization", "Bearer " + user_}}), Refused("user", "the header authorization"));
  // A good one does not excuse a bad one.
  EXPECT_EQ(Filled({{"authorization", "Bearer " + token_}, {"x-copy", token_}}), Refused("token", "the header x-copy"));
}

TEST_F(PlaceholderTest, InTheUrlOrTheMethod) {
  const auto error = [&](const std::string& url) { return ErrorOf(Find({}, url)); };
  const std::string spelled = "wrd%5f" + token_.substr(4);
  EXPECT_EQ(error("https://api.example.com/" + token_), Refused("token", "the URL's path"));
  EXPECT_EQ(error("https://api.example.com/" + spelled), Refused("token", "the URL's path"));
  EXPECT_EQ(error("https://api.example.com/?key=" + token_), Refused("token", "the URL's query"));
  EXPECT_EQ(error("https://api.example.com/?key=wrd%255F" + token_.substr(4)), Refused("token", "the URL's query"));
  EXPECT_EQ(error("https://api.example.com/?" + token_ + "=x"), Refused("token", "the URL's query"));
  EXPECT_EQ(error("https://api.example.com/?KEY=" + LowerCase(token_)), Refused("token", "the URL's query"));
  EXPECT_EQ(ErrorOf(Find({}, "https://api.example.com/", token_)), Refused("token", "the method"));
  // Of a name that a URL can have there is one spelling less: hosts have no "_".
  EXPECT_NE(error("https://" + token_ + ".example.com/"), "");
}

TEST_F(PlaceholderTest, InsideOfBasic) {
  EXPECT_EQ(Filled({{"authorization", Basic(user_ + ":" + password_)}}), Basic("me:pa:ss"));
  EXPECT_EQ(Filled({{"Authorization", Basic(user_ + ":")}}), Basic("me:"));
  EXPECT_EQ(Filled({{"authorization", Basic("x:" + password_)}}), Basic("x:pa:ss"));
  EXPECT_EQ(Filled({{"authorization", "basic " + Base64Of("x:" + password_)}}), "basic " + Base64Of("x:pa:ss"));
  EXPECT_EQ(Filled({{"authorization", "Basic " + Base64UrlOf("xy:" + password_)}}), Basic("xy:pa:ss"));

  const std::string as_user = "the user name of Basic";
  const std::string as_password = "the password of Basic";
  EXPECT_EQ(Filled({{"authorization", Basic(password_ + ":x")}}), Refused("password", as_user));
  EXPECT_EQ(Filled({{"authorization", Basic("x:" + user_)}}), Refused("user", as_password));
  EXPECT_EQ(Filled({{"authorization", Basic(token_ + ":x")}}), Refused("token", as_user));
  EXPECT_EQ(Filled({{"authorization", Basic("x" + user_ + ":x")}}), Refused("user", as_user));
  EXPECT_EQ(Filled({{"authorization", Basic("x:" + password_ + " ")}}), Refused("password", as_password));
  EXPECT_EQ(Filled({{"authorization", Basic("x:" + LowerCase(password_))}}), Refused("password", as_password));
  EXPECT_EQ(Filled({{"authorization", Basic("x:wrd%5F" + password_.substr(4))}}), Refused("password", as_password));
  EXPECT_EQ(Filled({{"authorization", Basic("x:" + password_ + password_)}}), Refused("password", as_password));
  EXPECT_EQ(Filled({{"authorization", Basic(user_)}}), Refused("user", "the header authorization"));
  EXPECT_EQ(Filled({{"x-authorization", Basic(user_ + ":")}}), Refused("user", "the header x-authorization"));
}

TEST_F(PlaceholderTest, WhatWasMadeIsScrubbedToo) {
  const auto use = Find({{"accept", "x"}, {"authorization", Basic(user_ + ":" + password_)}, {"x-api-key", token_}});
  ASSERT_TRUE(use) << ErrorOf(use);
  ASSERT_TRUE(*use);
  EXPECT_EQ((*use)->connection, "acme");
  const auto filled = FillPlaceholders(**use, Fields({{"token", "T0K"}, {"user", "me"}, {"password", "pass"}}));
  ASSERT_TRUE(filled) << ErrorOf(filled);
  ASSERT_EQ(filled->headers.size(), 2U);
  EXPECT_EQ(filled->headers[0].index, 1U);
  EXPECT_EQ(filled->headers[1].index, 2U);
  EXPECT_EQ(filled->headers[1].value.view(), "T0K");
  ASSERT_EQ(filled->derived.size(), 1U);
  EXPECT_EQ(filled->derived[0].view(), Base64Of("me:pass"));
}

TEST_F(PlaceholderTest, OnlyToTheConnectionsOwnOrigins) {
  EXPECT_EQ(ErrorOf(Find({{"authorization", "Bearer " + token_}}, "https://evil.example.org/")),
            "the placeholder of connection \"acme\", field \"token\" stands in the header authorization of a request "
            "to https://evil.example.org, which is no origin of the connection");
  EXPECT_EQ(ErrorOf(Find({{"authorization", "Bearer " + other_}})),
            "the placeholder of connection \"other\", field \"token\" stands in the header authorization of a request "
            "to https://api.example.com, which is no origin of the connection");
}

TEST_F(PlaceholderTest, OneConnectionInARequest) {
  const std::string error = "the placeholder of connection \"other\", field \"token\" stands in ";
  const std::string end = " of a request that uses the connection \"acme\" already; a request uses one";
  EXPECT_EQ(Filled({{"x-api-key", token_}, {"authorization", other_}}), error + "the header authorization" + end);
  EXPECT_EQ(Filled({{"x-api-key", token_}, {"authorization", Basic(other_ + ":" + password_)}}),
            error + "the user name of Basic" + end);
}

TEST_F(PlaceholderTest, FieldsAreLookedAtBeforeTheyGoAnywhere) {
  const HeaderList bearer = {{"authorization", "Bearer " + token_}};
  EXPECT_EQ(Filled(bearer, Fields({})), "the credential's field \"token\" is missing");
  EXPECT_EQ(Filled(bearer, Fields({{"token", "canary\r\nx: y"}})),
            "the credential's field \"token\" holds a line break or another control character, or blanks around it; "
            "set it again without");
  const HeaderList basic = {{"authorization", Basic(user_ + ":" + password_)}};
  EXPECT_EQ(Filled(basic, Fields({{"user", "ca:nary"}, {"password", "x"}})),
            "the credential's field \"user\" holds a colon, which would end the user name (RFC 7617)");
  EXPECT_EQ(Filled(basic, Fields({{"user", "u"}, {"password", "canary\n"}})),
            "the credential's field \"password\" holds a line break or another control character, or blanks around "
            "it; set it again without");
}

TEST(PlaceholdersTest, WhatCannotBeMade) {
  const auto error = [](std::vector<PlaceholderField> fields, std::string_view random) {
    return ErrorOf(Placeholders::Make(std::move(fields), random));
  };
  const std::string random(24, 'r');
  EXPECT_EQ(error({}, ""), "");
  EXPECT_EQ(error({{"a", "b", {}}}, random), "");
  EXPECT_EQ(error({{"a", "b", {}}}, "short"), "a placeholder takes 24 random bytes");
  EXPECT_EQ(error({{"a", "b", {}}, {"a", "c", {}}}, random + random),
            "two placeholders are the same: the random bytes are not");
  EXPECT_EQ(error({{"a", "b", {}}, {"a", "b", {}}}, random + std::string(24, 's')),
            "the field \"b\" of connection \"a\" has two placeholders");
  EXPECT_EQ(error(std::vector<PlaceholderField>(257), std::string(std::size_t{257} * 24, 'r')),
            "an execution has at most 256 placeholders");
  const std::string place = "a place for the field \"b\" of connection \"a\" ";
  for (const char* header : {"", "X-Key", "a b", "host", "proxy-authorization"}) {
    EXPECT_EQ(error({{"a", "b", {{Kind::kHeader, header, ""}}}}, random),
              place + "must be a header in lower case that a script can set");
  }
  for (const std::string& prefix : {std::string(33, 'p'), std::string("a\nb"), std::string(" a")}) {
    EXPECT_EQ(error({{"a", "b", {{Kind::kHeader, "x", prefix}}}}, random),
              place + "has a prefix that is not up to 32 printable ASCII characters, the first of them no blank");
  }
  EXPECT_EQ(error({{"a", "b", {{Kind::kBasicUser, "x", ""}}}}, random),
            place + "is a part of Basic and names a header or a prefix all the same");
}

}  // namespace
}  // namespace warder::broker

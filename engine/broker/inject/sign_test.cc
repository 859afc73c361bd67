// Headers, queries, Basic and HMAC; what is refused of every kind; and that no error holds what it must not.
#include "engine/broker/inject/sign.h"

#include "engine/broker/inject/testing.h"

namespace warder::broker {
namespace {

constexpr std::string_view kCanary = "canary-7f3a";

const HeaderInjection kBearer{"authorization", "Bearer ", "token"};
const QueryInjection kQuery{"api_key", "token"};

HmacInjection Hmac(std::string message = "{method}\\n{path}\\n{timestamp}\\n{nonce}\\n{body}") {
  HmacInjection injection;
  injection.header = "x-signature";
  injection.prefix = "v1=";
  injection.message = std::move(message);
  injection.timestamp_header = "x-timestamp";
  injection.nonce_header = "x-nonce";
  injection.field = "token";
  return injection;
}

TEST(InjectTest, AHeader) {
  const auto injected = TestRequest{.headers = {{"accept", "x"}}}.Inject(kBearer, Fields({{"token", "s3cr3t"}}));
  ASSERT_TRUE(injected) << ErrorOf(injected);
  ASSERT_EQ(injected->headers.size(), 1U);
  EXPECT_EQ(HeaderOf(*injected, "authorization"), "Bearer s3cr3t");
  EXPECT_EQ(injected->target.view(), "/v1/orders");
  EXPECT_TRUE(injected->derived.empty());
}

TEST(InjectTest, AQueryParameterBehindTheScripts) {
  const SecretFields fields = Fields({{"token", "a b&c=d#\xc3\xbc~"}});
  const std::pair<const char*, const char*> cases[] = {{"", "/?"},
                                                       {"/v1", "/v1?"},
                                                       {"/v1?", "/v1?"},
                                                       {"/v1?a=b", "/v1?a=b&"},
                                                       {"/v1?a=b&", "/v1?a=b&"},
                                                       {"/v1?xapi_key=1&api_keys=2", "/v1?xapi_key=1&api_keys=2&"}};
  for (const auto& [path, begin] : cases) {
    const auto injected = TestRequest{.url = std::string("https://api.example.com") + path}.Inject(kQuery, fields);
    ASSERT_TRUE(injected) << ErrorOf(injected);
    EXPECT_EQ(injected->target.view(), std::string(begin) + "api_key=a%20b%26c%3Dd%23%C3%BC~");
    EXPECT_TRUE(injected->headers.empty());
  }
  const auto odd = TestRequest{}.Inject(QueryInjection{"auth[key]", "token"}, Fields({{"token", "k"}}));
  EXPECT_EQ(odd->target.view(), "/v1/orders?auth%5Bkey%5D=k");
}

TEST(InjectTest, AQueryParameterOfTheScriptInAnySpelling) {
  for (const char* query :
       {"api_key=x", "api_key", "a=b&api_key=x", "a=b;api_key=x", "API_KEY=x", "api%5fkey=x", "api%5Fkey=x",
        "%61%70%69%5f%6b%65%79=x", "api%255fkey=x", "api%25255fkey=x", "api_key=", "&&api_key&"}) {
    const auto injected =
        TestRequest{.url = std::string("https://api.example.com/?") + query}.Inject(kQuery, Fields({{"token", "t"}}));
    EXPECT_EQ(ErrorOf(injected), "the connection sets the query parameter api_key; leave it out of the URL") << query;
  }
  const auto deep = TestRequest{.url = "https://api.example.com/?a%2525252525255fb=x"};
  EXPECT_EQ(ErrorOf(deep.Inject(kQuery, Fields({{"token", "t"}}))),
            "the query has a name that is percent-encoded more than three times");
}

TEST(InjectTest, AUrlThatBecomesTooLong) {
  const auto request = TestRequest{.url = "https://api.example.com/" + std::string(10'000, 'a')};
  EXPECT_EQ(ErrorOf(request.Inject(kQuery, Fields({{"token", std::string(10'000, 'b')}}))),
            "the URL is too long with the query parameter that the connection adds");
}

TEST(InjectTest, BasicOfRfc7617) {
  const BasicInjection basic{"user", "password"};
  const auto injected = TestRequest{}.Inject(basic, Fields({{"user", "Aladdin"}, {"password", "open sesame"}}));
  ASSERT_TRUE(injected) << ErrorOf(injected);
  EXPECT_EQ(HeaderOf(*injected, "authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  ASSERT_EQ(injected->derived.size(), 1U);
  EXPECT_EQ(injected->derived[0].view(), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  // Section 2.1: user "test", password "123" and a pound sign, in UTF-8.
  const auto pound = TestRequest{}.Inject(basic, Fields({{"user", "test"}, {"password", "123\xc2\xa3"}}));
  EXPECT_EQ(HeaderOf(*pound, "authorization"), "Basic dGVzdDoxMjPCow==");

  const auto key = TestRequest{}.Inject(BasicInjection{"user", ""}, Fields({{"user", "sk_1"}}));
  EXPECT_EQ(HeaderOf(*key, "authorization"), "Basic c2tfMTo=");
  const auto password = TestRequest{}.Inject(BasicInjection{"", "p"}, Fields({{"p", "a:b"}}));
  EXPECT_EQ(HeaderOf(*password, "authorization"), "Basic OmE6Yg==");
  EXPECT_EQ(ErrorOf(TestRequest{}.Inject(basic, Fields({{"user", "a:b"}, {"password", "c"}}))),
            "the credential's field \"user\" holds a colon, which would end the user name (RFC 7617)");
}

TEST(InjectTest, AnHmacInEveryHashAndEncoding) {
  // Computed with Python's hmac over "POST\n/v1/orders\n1440938160\n0123...cdef\n{"a":1}", key "s3cr3t".
  using Hash = HmacInjection::Hash;
  using Encoding = HmacInjection::Encoding;
  const std::tuple<Hash, Encoding, std::string> cases[] = {
      {Hash::kSha1, Encoding::kHex, "1d9aa479476a1fe5cdd1481d125ca19a3167fc9b"},
      {Hash::kSha256, Encoding::kHex, "1fd5bd98cb57be77b58fa6b5baa4b1c99e49f0eb863252107ab6c34c1f810f80"},
      {Hash::kSha256, Encoding::kBase64, "H9W9mMtXvne1j6a1uqSxyZ5J8OuGMlIQerbDTB+BD4A="},
      {Hash::kSha512, Encoding::kBase64Url,
       "dzB5849rIESPDpMJTFUDFtx-bsJeeFFRcYXKqlfYywf-7-vVAaXajKtUyrhRPEmeEqfwGRSWkH93ZlI9DcMAlw"},
  };
  for (const auto& [hash, encoding, expected] : cases) {
    HmacInjection injection = Hmac();
    injection.hash = hash;
    injection.encoding = encoding;
    const auto injected =
        TestRequest{.method = "POST", .body = R"({"a":1})"}.Inject(injection, Fields({{"token", "s3cr3t"}}));
    ASSERT_TRUE(injected) << ErrorOf(injected);
    EXPECT_EQ(injected->headers.size(), 3U);
    EXPECT_EQ(HeaderOf(*injected, "x-signature"), "v1=" + expected);
    EXPECT_EQ(HeaderOf(*injected, "x-timestamp"), "1440938160");
    EXPECT_EQ(HeaderOf(*injected, "x-nonce"), "0123456789abcdef0123456789abcdef");
    ASSERT_EQ(injected->derived.size(), 1U);
    EXPECT_EQ(injected->derived[0].view(), expected);
  }
}

TEST(InjectTest, OnlyABodyThatIsSignedMustBeAtHand) {
  const Origin origin{"https", "api.example.com", 443};
  EXPECT_TRUE(NeedsBody(Hmac(), origin));
  EXPECT_FALSE(NeedsBody(Hmac("{method}{{body}}"), origin));
  EXPECT_FALSE(NeedsBody(kBearer, origin));
  EXPECT_FALSE(NeedsBody(JwtInjection{}, origin));
  TestRequest streamed;
  streamed.body = std::nullopt;
  EXPECT_TRUE(streamed.Inject(kBearer, Fields({{"token", "t"}})));
  EXPECT_EQ(ErrorOf(streamed.Inject(Hmac(), Fields({{"token", "t"}}))),
            "the connection signs the request's body, which is not at hand as a whole");
}

TEST(InjectTest, AScriptsOwnHeaderOfTheSameName) {
  const auto refused = [](const char* header, const Injection& injection, const char* named) {
    const auto injected = TestRequest{.headers = {{"accept", "*/*"}, {header, "mine"}}}.Inject(
        injection, Fields({{"token", std::string(kCanary)}, {"key", std::string(kCanary)}}));
    EXPECT_EQ(ErrorOf(injected),
              "the connection sets the header " + std::string(named) + "; leave it out of the request")
        << header;
  };
  refused("authorization", kBearer, "authorization");
  refused("AUTHORIZATION", kBearer, "authorization");
  refused("X_Api_Key", HeaderInjection{"x-api-key", "", "token"}, "x-api-key");
  refused("x-api-key", HeaderInjection{"x_api_key", "", "token"}, "x_api_key");
  refused("Authorization", BasicInjection{"token", ""}, "authorization");
  refused("X-Signature", Hmac(), "x-signature");
  refused("X-Timestamp", Hmac(), "x-timestamp");
  refused("X-Nonce", Hmac(), "x-nonce");
}

TEST(InjectTest, AStoredSecretThatWouldEndItsHeader) {
  const std::string canary(kCanary);
  const std::string unusable =
      "holds a line break or another control character, or blanks around it; set it again "
      "without";
  const std::pair<std::string, std::string> cases[] = {{canary + "\r\nx-admin: 1", unusable},
                                                       {canary + "\n", unusable},
                                                       {canary + "\r", unusable},
                                                       {"\n" + canary, unusable},
                                                       {canary + '\0', unusable},
                                                       {canary + "\tx", unusable},
                                                       {canary + "\x7f", unusable},
                                                       {canary + "\x1b[31m", unusable},
                                                       {" " + canary, unusable},
                                                       {canary + " ", unusable},
                                                       {canary + "\r\n folded", unusable},
                                                       {"", "is empty"},
                                                       {std::string(16385, 'x'), "has more than 16384 bytes"}};
  const Injection injections[] = {kBearer,
                                  kQuery,
                                  BasicInjection{"token", ""},
                                  BasicInjection{"", "token"},
                                  Hmac(),
                                  AwsSigV4Injection{"us-east-1", "s3", "token", "other", ""},
                                  AwsSigV4Injection{"us-east-1", "s3", "other", "token", ""},
                                  AwsSigV4Injection{"us-east-1", "s3", "other", "other", "token"},
                                  JwtInjection{JwtInjection::Algorithm::kHs256, "token", "", "me"}};
  for (const auto& [value, why] : cases) {
    for (const Injection& injection : injections) {
      const auto injected = TestRequest{}.Inject(injection, Fields({{"token", value}, {"other", "fine"}}));
      EXPECT_EQ(ErrorOf(injected), "the credential's field \"token\" " + why) << injection.index();
    }
  }
  for (const Injection& injection : injections) {
    EXPECT_EQ(ErrorOf(TestRequest{}.Inject(injection, Fields({{"other", "fine"}}))),
              "the credential's field \"token\" is missing");
  }
}

// A credential full of canaries against requests that are refused for every reason there is.
TEST(InjectTest, NoErrorHoldsASecret) {
  const std::string canary(kCanary);
  const Injection injections[] = {kBearer,
                                  kQuery,
                                  BasicInjection{"token", "token"},
                                  BasicInjection{"colon", "token"},
                                  Hmac(),
                                  Hmac("{header:x-missing}"),
                                  Hmac("{header"),
                                  AwsSigV4Injection{"us-east-1", "sqs", "token", "token", "token"},
                                  AwsSigV4Injection{"us-east-1", "s3", "comma", "token", "token"},
                                  JwtInjection{JwtInjection::Algorithm::kRs256, "token", "", "me"},
                                  JwtInjection{JwtInjection::Algorithm::kHs256, "token", "", "me"},
                                  JwtInjection{JwtInjection::Algorithm::kEs256, "pem", "", "me"}};
  TestRequest streamed;
  streamed.body = std::nullopt;
  const TestRequest requests[] = {{},
                                  streamed,
                                  {.url = "https://api.example.com/?api%5fkey=1&x-amz-signature=2"},
                                  {.url = "https://api.example.com/" + std::string(16'300, 'a')},
                                  {.headers = {{"authorization", canary}, {"x-signature", canary}}},
                                  {.nonce = "short"}};
  int refused = 0;
  for (const TestRequest& request : requests) {
    for (const Injection& injection : injections) {
      for (const std::string& end : {std::string(), std::string("\n"), std::string(" ")}) {
        const auto injected =
            request.Inject(injection, Fields({{"token", canary + end},
                                              {"colon", canary + ":" + end},
                                              {"comma", canary + "," + end},
                                              {"pem", "-----BEGIN PRIVATE KEY-----\n" + canary + "\n" + end}}));
        if (injected) continue;
        ++refused;
        EXPECT_EQ(ErrorOf(injected).find(canary), std::string::npos) << ErrorOf(injected);
        EXPECT_EQ(ErrorOf(injected).find("canary"), std::string::npos) << ErrorOf(injected);
      }
    }
  }
  EXPECT_GT(refused, 150);
}

TEST(InjectTest, ANonceIsOne) {
  for (const char* nonce : {"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdeg"}) {
    EXPECT_EQ(ErrorOf(TestRequest{.nonce = nonce}.Inject(kBearer, Fields({{"token", "t"}}))),
              "a nonce has 32 hexadecimal digits");
  }
}

TEST(SecretTest, JoinsAndTakes) {
  EXPECT_EQ(Secret::Join({"a", "", "bc"}).view(), "abc");
  EXPECT_TRUE(Secret::Join({}).empty());
  std::string text = "secret";
  const char* bytes = text.data();
  EXPECT_EQ(Secret::Take(&text).view(), "secret");
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string_view(bytes + 1, 5), std::string_view("\0\0\0\0\0", 5));
}

}  // namespace
}  // namespace warder::broker

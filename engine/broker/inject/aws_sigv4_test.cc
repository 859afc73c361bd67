// Against what AWS publishes: the cases of aws-sig-v4-test-suite and the examples of the Amazon S3 API Reference. What
// they leave out (paths that were percent-encoded already, ports, unsigned payloads) was computed with botocore 1.43.
#include "engine/broker/inject/aws_sigv4.h"

#include "engine/broker/inject/testing.h"

namespace warder::broker {
namespace {

constexpr std::string_view kUnreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kStsToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthA"
    "x7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAki"
    "Y9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

AwsSigV4Injection Suite(std::string service = "service") { return {"us-east-1", std::move(service), "id", "key", ""}; }
SecretFields SuiteKeys() {
  return Fields({{"id", "AKIDEXAMPLE"}, {"key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}});
}

struct Case {
  std::string name;
  std::string method;
  std::string target;
  HeaderList headers;
  std::string body;
  std::string signed_headers;
  std::string signature;
};

TEST(AwsSigV4Test, TheCasesOfTheTestSuite) {
  const std::string u(kUnreserved);
  const std::string plain = "host;x-amz-date";
  const std::string mine = "host;my-header1;x-amz-date";
  const std::string typed = "content-type;host;x-amz-date";
  const Case cases[] = {
      {"get-vanilla", "GET", "/", {}, "", plain, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query",
       "GET",
       "/?",
       {},
       "",
       plain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-empty-query-key",
       "GET",
       "/?Param1=value1",
       {},
       "",
       plain,
       "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/?Param2=value2&Param1=value1",
       {},
       "",
       plain,
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-key",
       "GET",
       "/?Param1=value2&Param1=Value1",
       {},
       "",
       plain,
       "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
      {"get-vanilla-query-order-value",
       "GET",
       "/?Param1=value2&Param1=value1",
       {},
       "",
       plain,
       "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/?" + u + "=" + u,
       {},
       "",
       plain,
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query",
       "GET",
       "/?%e1%88%b4=bar",
       {},
       "",
       plain,
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-unreserved",
       "GET",
       "/" + u,
       {},
       "",
       plain,
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-slash", "GET", "//", {}, "", plain, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slashes",
       "GET",
       "//example//",
       {},
       "",
       plain,
       "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"get-header-key-duplicate",
       "GET",
       "/",
       {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
       "",
       mine,
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order",
       "GET",
       "/",
       {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}},
       "",
       mine,
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {"get-header-value-trim",
       "GET",
       "/",
       {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
       "",
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"post-vanilla", "POST", "/", {}, "", plain, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-vanilla-query",
       "POST",
       "/?Param1=value1",
       {},
       "",
       plain,
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-vanilla-query-space",
       "POST",
       "/?p=",
       {},
       "",
       plain,
       "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b"},
      {"post-header-key-sort",
       "POST",
       "/",
       {{"My-Header1", "value1"}},
       "",
       mine,
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-key-case",
       "POST",
       "/",
       {{"MY-HEADER1", "value1"}},
       "",
       mine,
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       "/",
       {{"My-Header1", "VALUE1"}},
       "",
       mine,
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       typed,
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"post-x-www-form-urlencoded-parameters",
       "POST",
       "/",
       {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
       "Param1=value1",
       typed,
       "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
      // Not of the suite: what a proxy may change is not signed.
      {"user agent",
       "GET",
       "/",
       {{"User-Agent", "x"}, {"X-Amzn-Trace-Id", "y"}},
       "",
       plain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"one spelling of a query",
       "GET",
       "/?k2&&k=v%2f$=x&",
       {},
       "",
       plain,
       "fcbafcfbc07364c8fd3525f2c9d9a2d493575d289573784c4b1d800cb1dd26db"},
      {"encoded twice",
       "GET",
       "/a%20b/%E1%88%B4//x$y:z?k=v%20w",
       {},
       "",
       plain,
       "deeba04e5cd5a6bf866fc34540d944496838d2f13691bec315912c568747c4dd"},
  };
  for (const Case& one : cases) {
    const TestRequest request{one.method, "https://example.amazonaws.com" + one.target, one.headers, one.body};
    const auto injected = request.Inject(Suite(), SuiteKeys());
    ASSERT_TRUE(injected) << one.name << ": " << ErrorOf(injected);
    EXPECT_EQ(HeaderOf(*injected, "authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" +
                  one.signed_headers + ", Signature=" + one.signature)
        << one.name;
    EXPECT_EQ(HeaderOf(*injected, "x-amz-date"), "20150830T123600Z");
    EXPECT_EQ(injected->headers.size(), 2U) << one.name;
    EXPECT_EQ(injected->target.view(), one.target);
    ASSERT_EQ(injected->derived.size(), 1U);
    EXPECT_EQ(injected->derived[0].view(), one.signature);
  }
}

TEST(AwsSigV4Test, ASessionTokenIsSentAndSigned) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      // post-sts-header-before, get-vanilla-with-session-token
      {"POST", std::string(kStsToken), "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
      {"GET", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
       "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
  };
  for (const auto& [method, token, signature] : cases) {
    SecretFields keys = SuiteKeys();
    keys.emplace("token", Secret(token));
    AwsSigV4Injection injection = Suite();
    injection.session_token_field = "token";
    const auto injected = TestRequest{method, "https://example.amazonaws.com/"}.Inject(injection, keys);
    ASSERT_TRUE(injected) << ErrorOf(injected);
    EXPECT_EQ(HeaderOf(*injected, "authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=" +
                  signature);
    EXPECT_EQ(HeaderOf(*injected, "x-amz-security-token"), token);
  }
}

TEST(AwsSigV4Test, TheHostHasAPortThatIsNotTheDefault) {
  const auto injected = TestRequest{"GET", "http://example.amazonaws.com:8080/p"}.Inject(Suite(), SuiteKeys());
  ASSERT_TRUE(injected) << ErrorOf(injected);
  EXPECT_TRUE(HeaderOf(*injected, "authorization")
                  .ends_with("=cd2a0cada55619d26935e6c5b4030f4598b33014f4accf80ad4ae5a5e08622dd"));
}

TEST(AwsSigV4Test, TheExamplesOfS3) {
  const std::string empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const std::string plain = "host;x-amz-content-sha256;x-amz-date";
  const Case cases[] = {
      {empty,
       "GET",
       "/test.txt",
       {{"Range", "bytes=0-9"}},
       "",
       "host;range;x-amz-content-sha256;x-amz-date",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
       "PUT",
       "/test$file.text",
       {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "Welcome to Amazon S3.",
       "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {empty, "GET", "/?lifecycle", {}, "", plain, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {empty,
       "GET",
       "/?max-keys=2&prefix=J",
       {},
       "",
       plain,
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  const SecretFields keys =
      Fields({{"id", "AKIAIOSFODNN7EXAMPLE"}, {"key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}});
  for (const Case& one : cases) {
    const TestRequest request{one.method, "https://examplebucket.s3.amazonaws.com" + one.target, one.headers, one.body,
                              std::chrono::seconds(1369353600)};
    const auto injected = request.Inject(Suite("s3"), keys);
    ASSERT_TRUE(injected) << ErrorOf(injected);
    EXPECT_EQ(HeaderOf(*injected, "authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=" +
                  one.signed_headers + ", Signature=" + one.signature);
    EXPECT_EQ(HeaderOf(*injected, "x-amz-date"), "20130524T000000Z");
    EXPECT_EQ(HeaderOf(*injected, "x-amz-content-sha256"), one.name);
  }
}

TEST(AwsSigV4Test, AStreamedBodyStaysUnsignedForS3OverHttpsOnly) {
  TestRequest request{"PUT", "https://examplebucket.s3.amazonaws.com/a//b%20c/%E1%88%B4", {{"Content-MD5", "x"}}};
  request.body = std::nullopt;
  const auto injected = request.Inject(Suite("s3"), SuiteKeys());
  ASSERT_TRUE(injected) << ErrorOf(injected);
  EXPECT_EQ(HeaderOf(*injected, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_EQ(HeaderOf(*injected, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, "
            "SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date, "
            "Signature=421bf5535e608338c062d7d3869e2d5ab2cfbe93418a4082af6dde4e83651b8a");
  const std::string refused = "the connection signs the request's body, which is not at hand as a whole";
  EXPECT_EQ(ErrorOf(request.Inject(Suite(), SuiteKeys())), refused);
  request.url = "http://127.0.0.1:9000/bucket/a";
  EXPECT_EQ(ErrorOf(request.Inject(Suite("s3"), SuiteKeys())), refused);

  const Origin https{"https", "s3.amazonaws.com", 443};
  const Origin http{"http", "127.0.0.1", 9000};
  EXPECT_FALSE(NeedsBody(Suite("s3"), https));
  EXPECT_TRUE(NeedsBody(Suite("s3"), http));
  EXPECT_TRUE(NeedsBody(Suite("sqs"), https));
}

TEST(AwsSigV4Test, EveryChangeOfTheRequestChangesTheSignature) {
  const TestRequest request{"POST", "https://example.amazonaws.com/a?b=c", {{"x-amz-target", "d"}}, "e"};
  const auto signature = [](const TestRequest& one, AwsSigV4Injection injection = Suite()) {
    const auto injected = one.Inject(injection, SuiteKeys());
    return injected ? std::string(injected->derived.at(0).view()) : "error: " + ErrorOf(injected);
  };
  std::vector<std::string> seen = {signature(request)};
  const auto changed = [&](auto change) {
    TestRequest other = request;
    change(other);
    seen.push_back(signature(other));
  };
  changed([](TestRequest& one) { one.method = "PUT"; });
  changed([](TestRequest& one) { one.url = "https://example.amazonaws.com/A?b=c"; });
  changed([](TestRequest& one) { one.url = "https://example.amazonaws.com/a/?b=c"; });
  changed([](TestRequest& one) { one.url = "https://example.amazonaws.com/a?b=C"; });
  changed([](TestRequest& one) { one.url = "https://example.amazonaws.com/a?b=c&b=c"; });
  changed([](TestRequest& one) { one.url = "https://other.amazonaws.com/a?b=c"; });
  changed([](TestRequest& one) { one.headers[0].second = "D"; });
  changed([](TestRequest& one) { one.headers.emplace_back("content-type", "text/plain"); });
  changed([](TestRequest& one) { one.body = "f"; });
  changed([](TestRequest& one) { one.now += std::chrono::seconds(1); });
  AwsSigV4Injection other = Suite();
  other.region = "us-east-2";
  seen.push_back(signature(request, other));
  seen.push_back(signature(request, Suite("other")));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].size(), 64U) << seen[i];
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(seen[i], seen[j]) << i << " and " << j;
  }
}

TEST(AwsSigV4Test, AScriptSignsNothingItself) {
  for (const char* name :
       {"Authorization", "X-Amz-Date", "x_amz_date", "x-amz-security-token", "X-Amz-Content-SHA256"}) {
    const auto injected = TestRequest{.headers = {{name, "x"}}}.Inject(Suite(), SuiteKeys());
    EXPECT_NE(ErrorOf(injected).find("; leave it out of the request"), std::string::npos) << name;
  }
  for (const char* query : {"X-Amz-Signature=0", "a=b&x-amz-credential=x", "X%2DAmz%2dAlgorithm=x", "X-Amz-Date"}) {
    const auto injected = TestRequest{.url = std::string("https://a.example/?") + query}.Inject(Suite(), SuiteKeys());
    EXPECT_NE(ErrorOf(injected).find("out of the query"), std::string::npos) << query;
  }
  const auto plus = TestRequest{.url = "https://a.example/?prefix=a+b"}.Inject(Suite(), SuiteKeys());
  EXPECT_EQ(ErrorOf(plus),
            "the query holds a bare \"+\", which AWS may read as a blank or as a plus sign; write %20 or %2B instead");
}

TEST(AwsSigV4Test, KeysThatCannotBe) {
  for (const char* id : {"AKID,Credential=x", "AKID/x", "AKID x", "a=b"}) {
    SecretFields keys = Fields({{"id", id}, {"key", "canary-secret"}});
    EXPECT_EQ(ErrorOf(TestRequest{}.Inject(Suite(), keys)),
              "the credential's field \"id\" holds a character that no access key ID has");
  }
  EXPECT_EQ(ErrorOf(TestRequest{}.Inject(Suite(), Fields({{"id", "AKID"}}))),
            "the credential's field \"key\" is missing");
  AwsSigV4Injection injection = Suite();
  injection.session_token_field = "token";
  EXPECT_EQ(ErrorOf(TestRequest{}.Inject(injection, SuiteKeys())), "the credential's field \"token\" is missing");
}

}  // namespace
}  // namespace warder::broker

// Reading and writing policies.
#include "engine/broker/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "engine/broker/policy/parse_injection.h"
#include "engine/broker/policy/words.h"
#include "engine/broker/request_headers.h"

namespace warder::broker {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kSmallest = "origin https://a.test\nallow * /**\n";

constexpr const char* kFull = R"(# Everything there is.
connection acme
origin https://api.acme.test
origin http://127.0.0.1:8080	# for tests
allow GET,HEAD /v1/orders/{id}
deny * "/v1/a,dmin/**"
allow POST, PUT /v1/orders
allow * /v1/files/**
scope orders:read GET, HEAD /v1/orders/**
scope "a b" * /**
query page, limit, filter*, "a b", "none"
request-headers X-Acme-*, content-disposition
inject bearer token
inject header X-Api-Key key prefix "Key \"\\"
inject query api_key key
inject hmac-sha256 key header x-sig message "{method}\n{path} # {body}" encoding base64 timestamp x-time nonce x-nonce prefix v1=
placeholder token header authorization
placeholder user basic user
placeholder key basic password
rate 10/m burst 20
in-flight 8
calls 1000
request-bytes 10MB
response-bytes 100MB
total-bytes 1GB
timeout 1500ms
redirects none
retry 3
tls min 1.3
tls ca "/etc/my ca.pem"
tls client-certificate /etc/acme.pem key
tls pin sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
tls pin sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=
proxy http://egress.internal:3128
)";

constexpr const char* kFullCanonical = R"(connection acme
origin https://api.acme.test
origin http://127.0.0.1:8080
allow GET,HEAD /v1/orders/{id}
deny * "/v1/a,dmin/**"
allow POST,PUT /v1/orders
allow * /v1/files/**
scope orders:read GET,HEAD /v1/orders/**
scope "a b" * /**
query "a b", filter*, limit, "none", page
request-headers content-disposition, x-acme-*
inject bearer token
inject header x-api-key key prefix "Key \"\\"
inject query api_key key
inject hmac-sha256 key header x-sig encoding base64 message "{method}\n{path} # {body}" prefix v1= timestamp x-time nonce x-nonce
placeholder token header authorization
placeholder user basic user
placeholder key basic password
rate 10/m burst 20
in-flight 8
calls 1000
request-bytes 10MB
response-bytes 100MB
total-bytes 1GB
timeout 1500ms
redirects none
retry 3
tls min 1.3
tls ca "/etc/my ca.pem"
tls client-certificate /etc/acme.pem key
tls pin sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
tls pin sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=
proxy http://egress.internal:3128
)";

void ExpectStable(const Policy& policy, const std::string& source) {
  const std::string text = PrintPolicy(policy);
  const auto again = ParsePolicy(text);
  ASSERT_TRUE(again) << again.error().message << "\n" << text << "\nfrom\n" << source;
  EXPECT_TRUE(*again == policy) << text << "\nfrom\n" << source;
  EXPECT_EQ(PrintPolicy(*again), text) << source;
}

TEST(Policy, EveryDirectiveIsReadAndWritten) {
  const auto policy = ParsePolicy(kFull);
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(PrintPolicy(*policy), kFullCanonical);
  ExpectStable(*policy, kFull);
  for (const DirectiveInfo& directive : Directives()) {
    EXPECT_THAT(std::string("\n") + kFullCanonical, HasSubstr("\n" + std::string(directive.name) + " "));
  }

  EXPECT_EQ(policy->connection, "acme");
  EXPECT_EQ(policy->rules.at(1).line.number, 6U);
  EXPECT_EQ(policy->rules.at(0).methods.ToString(), "GET,HEAD");
  EXPECT_EQ(policy->rules.at(1).verdict, Rule::Verdict::kDeny);
  EXPECT_EQ(policy->injections.at(0), (Injection{HeaderInjection{"authorization", "Bearer ", "token"}}));
  EXPECT_EQ(policy->injections.at(1), (Injection{HeaderInjection{"x-api-key", "Key \"\\", "key"}}));
  EXPECT_EQ(policy->injections.at(3), (Injection{HmacInjection{.encoding = HmacInjection::Encoding::kBase64,
                                                               .header = "x-sig",
                                                               .prefix = "v1=",
                                                               .message = "{method}\n{path} # {body}",
                                                               .timestamp_header = "x-time",
                                                               .nonce_header = "x-nonce",
                                                               .field = "key"}}));
  EXPECT_EQ(policy->placeholders.at(1), (PlaceholderRule{PlaceholderRule::Where::kBasicUser, "user", ""}));
  EXPECT_EQ(policy->rate, (Rate{10, std::chrono::seconds(60), 20}));
  EXPECT_EQ(policy->in_flight, 8U);
  EXPECT_EQ(policy->calls, 1000U);
  EXPECT_EQ(policy->request_bytes, 10U << 20U);
  EXPECT_EQ(policy->response_bytes, 100U << 20U);
  EXPECT_EQ(policy->timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(policy->redirects, RedirectRule::kNone);
  EXPECT_EQ(policy->attempts, 3U);
  EXPECT_EQ(policy->tls.client_key_field, "key");
  EXPECT_EQ(policy->tls.pins.size(), 2U);
  EXPECT_EQ(policy->proxy->ToString(), "http://egress.internal:3128");
}

TEST(Policy, SaysWhichScopesACallNeedsAndDecidesNothingByIt) {
  const auto policy = ParsePolicy(
      "origin https://a.test\nallow * /v1/**\nscope read GET,HEAD /v1/**\nscope orders * /v1/orders/{id}\n");
  ASSERT_TRUE(policy) << policy.error().message;
  using Scopes = std::set<std::string, std::less<>>;
  EXPECT_EQ(policy->ScopesOf("GET", "/v1/orders/42"), (Scopes{"orders", "read"}));
  EXPECT_EQ(policy->ScopesOf("POST", "/v1/orders/42"), Scopes{"orders"});
  EXPECT_EQ(policy->ScopesOf("POST", "/v1/other"), Scopes{});
}

TEST(Policy, DefaultsAreWhatTheyWereSaidToBe) {
  const auto policy = ParsePolicy(kSmallest);
  ASSERT_TRUE(policy);
  EXPECT_EQ(PrintPolicy(*policy), kSmallest);
  EXPECT_EQ(policy->redirects, RedirectRule::kSameOrigin);
  EXPECT_EQ(policy->attempts, 1U);
  EXPECT_EQ(policy->tls, TlsRules{});
  EXPECT_FALSE(policy->query || policy->request_headers || policy->rate || policy->in_flight || policy->calls ||
               policy->request_bytes || policy->response_bytes || policy->timeout || policy->proxy);
  const auto spelled = ParsePolicy(std::string(kSmallest) + "redirects same-origin\nretry 1\ntls min 1.2\n");
  ASSERT_TRUE(spelled);
  EXPECT_EQ(PolicyHash(*spelled), PolicyHash(*policy));
  EXPECT_EQ(*ParsePolicy(""), Policy());
  EXPECT_EQ(*ParsePolicy("# nothing\n\n\t \r\n"), Policy());
}

TEST(Policy, EveryInjectionIsReadAndWritten) {
  const std::pair<const char*, Injection> cases[] = {
      {"inject bearer t", HeaderInjection{"authorization", "Bearer ", "t"}},
      {"inject header x-key k", HeaderInjection{"x-key", "", "k"}},
      {"inject header authorization k prefix \"token \"", HeaderInjection{"authorization", "token ", "k"}},
      {"inject query key k", QueryInjection{"key", "k"}},
      {"inject basic u p", BasicInjection{"u", "p"}},
      {"inject basic u -", BasicInjection{"u", ""}},
      {"inject basic - p", BasicInjection{"", "p"}},
      {"inject hmac-sha1 k header x message m",
       HmacInjection{.hash = HmacInjection::Hash::kSha1, .header = "x", .message = "m", .field = "k"}},
      {"inject hmac-sha512 k encoding base64url message m header x",
       HmacInjection{.hash = HmacInjection::Hash::kSha512,
                     .encoding = HmacInjection::Encoding::kBase64Url,
                     .header = "x",
                     .message = "m",
                     .field = "k"}},
      {"inject aws-sigv4 region eu service s3 access-key a secret-key s", AwsSigV4Injection{"eu", "s3", "a", "s", ""}},
      {"inject aws-sigv4 region eu service s3 access-key a secret-key s session-token t",
       AwsSigV4Injection{"eu", "s3", "a", "s", "t"}},
      {"inject jwt ES256 key k issuer i",
       JwtInjection{.algorithm = JwtInjection::Algorithm::kEs256, .key_field = "k", .issuer = "i"}},
      {"inject jwt RS256 lifetime 60s audience a key k subject s issuer i key-id id",
       JwtInjection{.key_field = "k",
                    .key_id = "id",
                    .issuer = "i",
                    .subject = "s",
                    .audience = "a",
                    .lifetime = std::chrono::seconds(60)}},
  };
  for (const auto& [line, expected] : cases) {
    const auto policy = ParsePolicy(std::string(kSmallest) + line);
    ASSERT_TRUE(policy) << line << ": " << policy.error().message;
    EXPECT_TRUE(policy->injections.at(0) == expected) << line;
    ExpectStable(*policy, line);
  }
  for (const DirectiveInfo& form : InjectionForms()) {
    const auto policy = ParsePolicy(std::string(kSmallest) + std::string(form.example));
    EXPECT_TRUE(policy) << form.example << ": " << policy.error().message;
  }
}

TEST(Policy, ExamplesOfDirectivesAreGood) {
  for (const DirectiveInfo& directive : Directives()) {
    std::string text = std::string(directive.example) + "\n";
    if (directive.name != "origin") text += "origin https://z.test\n";
    text += "allow * /z/**\n";
    const auto policy = ParsePolicy(text);
    EXPECT_TRUE(policy) << text << policy.error().message;
  }
}

TEST(Policy, ErrorsNamePlaceProblemAndRemedy) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"alow GET /", "line 1, column 1: there is no directive 'alow'; did you mean 'allow'?"},
      {"\n  requests-header a",
       "line 2, column 3: there is no directive 'requests-header'; did you mean 'request-headers'?"},
      {"zzzzzzzz", "line 1, column 1: there is no directive 'zzzzzzzz'; there are connection, origin, allow, deny, "},
      {"\"allow\" GET /", "line 1, column 1: there is no directive 'allow'"},
      {"allow", "line 1, column 6: a path is missing; write allow METHODS PATH, as in allow GET,HEAD /v1/orders/{id}"},
      {"allow /v1", "line 1, column 10: a method is missing; write allow METHODS PATH"},
      {"allow GET v1", "line 1, column 11: 'v1' is not a path; it begins with \"/\""},
      {"allow get /v1", "line 1, column 7: 'get' is no method: GET, HEAD, POST"},
      {"allow CONNECT /v1", "line 1, column 7: 'CONNECT' is no method"},
      {"allow GET,GET /v1", "line 1, column 11: 'GET' is there twice"},
      {"allow GET,* /v1", "line 1, column 11: '*' is no method"},
      {"allow GET,,HEAD /v1", "line 1, column 11: a method is missing beside a comma"},
      {"allow ,GET /v1", "line 1, column 7: a method is missing beside a comma"},
      {"allow GET, /v1", "a method is missing beside a comma"},
      {"allow GET /a//b", "line 1, column 11: '/a//b' has an empty segment (//); write one slash"},
      {"allow GET,HEAD /a/**\ndeny GET /a/b",
       "line 2, column 10: '/a/b' is denied too late: line 1 allows all of it, and the first rule that fits decides; "
       "put "
       "the deny above that line"},
      {"allow GET /a\nallow HEAD /a\ndeny GET /a", "line 3, column 10: '/a' was ruled on above"},
      {"origin", "line 1, column 7: an origin is missing"},
      {"origin api.test", "line 1, column 8: 'api.test' is not an origin"},
      {"origin https://a.test/x",
       "line 1, column 8: 'https://a.test/x' is not an origin: it has a path or a query; write https://a.test;"},
      {"origin https://*.test", "'https://*.test' is not an origin: it has a wildcard"},
      {"origin https://a.test b", "line 1, column 23: 'b' is one word too many"},
      {"origin https://a.test\norigin https://A.test:443/", "line 2, column 8: 'https://A.test:443/' is there twice"},
      {"timeout 30",
       "line 1, column 9: '30' is no whole number with ms, s or m; write timeout DURATION, as in timeout 30s"},
      {"timeout 30s\ncalls 1\ntimeout 30s", "line 3, column 1: 'timeout' is there twice, first in line 1"},
      {"timeout 0s", "'0s' is outside of 1ms to 15m"},
      {"timeout 16m", "'16m' is outside of 1ms to 15m"},
      {"timeout 99999999999999999999s", "is no whole number"},
      {"timeout -1s", "is no whole number"},
      {"request-bytes 10", "'10' is no whole number with B, KB, MB or GB"},
      {"request-bytes 10mb", "'10mb' is no whole number"},
      {"response-bytes 5GB", "is outside of 0B to 4GB"},
      {"calls many", "'many' is not a whole number"},
      {"calls 1000001", "is outside of 0 to 1000000"},
      {"in-flight 0", "is outside of 1 to 1024"},
      {"retry 11", "is outside of 1 to 10"},
      {"rate 10", "'10' is no rate"},
      {"rate 0/s", "'0/s' is no rate"},
      {"rate 1/d", "'1/d' is no rate"},
      {"rate 1/s bust 2", "'bust' is not burst; did you mean 'burst'?"},
      {"rate 1/s burst", "a value is missing"},
      {"redirects lisetd", "'lisetd' is not none, same-origin or listed; did you mean 'listed'?"},
      {"query", "a name, or none is missing"},
      {"query a b,", "missing beside a comma"},
      {"query *", "'*' names everything; leave the line out for that"},
      {"query a*b", "'a*b' has a * that does not stand at its end"},
      {"query a, a", "line 1, column 10: 'a' is there twice"},
      {"query \"a\\nb\"", "holds a tab or line feed"},
      {"request-headers Host", "'Host' cannot be set: the broker names the peer"},
      {"request-headers x-forwarded-*", "'x-forwarded-*' cannot be set"},
      {"request-headers \"a b\"", "'a b' is not a header's name"},
      {"inject", "line 1, column 7: bearer, header, query, basic"},
      {"inject baerer token",
       "'baerer' is not bearer, header, query, basic, hmac-sha1, hmac-sha256, hmac-sha512, aws-sigv4 or jwt; did you "
       "mean 'bearer'?"},
      {"inject bearer", "a field is missing; write inject bearer FIELD"},
      {"inject bearer -", "'-' is no name"},
      {"inject bearer a b", "'b' is one word too many"},
      {"inject basic - -", "user and password are both empty"},
      {"inject header Host f", "'Host' cannot be set"},
      {"inject header x f prefix", "a text is missing"},
      {"inject header x f prefix a prefix b", "'prefix' is there twice"},
      {"inject header x f prefix \"a\\nb\"", "holds a tab or line feed"},
      {"inject hmac-sha256 k header x", "'message' is missing; write inject hmac-sha256"},
      {"inject hmac-sha25 k", "'hmac-sha25' is not bearer"},
      {"inject hmac-sha1 k header x message m encoding base32", "'base32' is not hex, base64 or base64url"},
      {"inject jwt RS512 key k issuer i", "'RS512' is not RS256, ES256, EdDSA or HS256"},
      {"inject jwt RS256 key k issuer i lifetime 1500ms", "the lifetime is not in whole seconds"},
      {"inject aws-sigv4 region eu", "'service' is missing"},
      {"inject bearer a\ninject basic u p", "line 2, column 1: the header authorization is injected twice"},
      {"inject query k a\ninject query k b", "the parameter k is injected twice"},
      {"placeholder t heder x", "'heder' is not header or basic; did you mean 'header'?"},
      {"placeholder t basic usr", "did you mean 'user'?"},
      {"placeholder t header x\nplaceholder t header X", "this placeholder is there twice"},
      {"tls min 1.1", "'1.1' is not 1.2 or 1.3"},
      {"tls min 1.2\ntls min 1.3", "'tls min' is there twice, first in line 1"},
      {"tls ca ca.pem", "'ca.pem' is not the absolute path of a file"},
      {"tls pin sha256//AAA=", "is not sha256// and the base64 of 32 bytes"},
      {"tls pin sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", "is not sha256//"},
      {"tls client-certificate /a", "a field is missing"},
      {"proxy ftp://x", "'ftp://x' is not an origin"},
      {"connection a/b", "'a/b' is no name"},
      {"origin https://a.test", "the policy names an origin but allows nothing there"},
      {"origin https://a.test\ndeny * /", "allows nothing there"},
      {"\nallow GET /", "line 2, column 1: a rule, but the policy names no origin"},
      {"allow GET \"/a", "line 1, column 11: a quote that does not close"},
      {"allow GET /\"a\"", "line 1, column 12: a quote or backslash inside of a word"},
      {"allow GET \"/a\"b", "line 1, column 15: a closing quote inside of a word"},
      {"allow GET \"/\\t\"", "line 1, column 13: an unknown escape"},
      {"allow GET /\xc3\xbc", "line 1, column 12: a character beyond ASCII"},
      {"allow GET /\x01", "line 1, column 12: a control character"},
      {"allow\rGET /", "line 1, column 6: a control character"},
      {"# \xff", "line 1, column 3: a comment that is not UTF-8"},
      {"# \xe2\x80\xae", "line 1, column 3: a control character in a comment"},
      {"# a\x1b[0m", "line 1, column 4: a control character in a comment"},
  };
  for (const Case& c : cases) {
    const auto policy = ParsePolicy(c.text);
    ASSERT_FALSE(policy) << c.text;
    EXPECT_THAT(policy.error().message, HasSubstr(c.error)) << c.text;
    EXPECT_EQ(policy.error().kind, ErrorKind::kInvalidInput);
  }
}

TEST(Policy, EverythingIsBounded) {
  std::string rules = "origin https://a.test\n";
  for (std::size_t i = 0; i < Policy::kMaxRules; ++i) rules += "allow GET /" + std::to_string(i) + "\n";
  EXPECT_TRUE(ParsePolicy(rules));
  EXPECT_FALSE(ParsePolicy(rules + "allow GET /x\n"));
  std::string names = std::string(kSmallest) + "query n";
  for (std::size_t i = 1; i < Policy::kMaxNames; ++i) names += "," + std::to_string(i);
  EXPECT_TRUE(ParsePolicy(names));
  EXPECT_FALSE(ParsePolicy(names + ",x"));
  EXPECT_FALSE(ParsePolicy("#" + std::string(kMaxPolicyBytes, 'x')));
  EXPECT_TRUE(ParsePolicy("#" + std::string(kMaxPolicyBytes - 1, 'x')));
  EXPECT_FALSE(ParsePolicy("allow GET /" + std::string(kMaxWordBytes, 'x')));
  // What is within the bound as it was written, but not as it is printed, could not be read back.
  std::string tight = kSmallest;
  for (int i = 0; i < 100; ++i) tight += "allow GET,HEAD /" + std::to_string(i) + "/" + std::string(600, '|') + "\n";
  ASSERT_LT(tight.size(), kMaxPolicyBytes);
  const auto policy = ParsePolicy(tight);
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().message, HasSubstr("too long once it is written out"));
  std::string origins;
  std::string injections = kSmallest;
  for (int i = 0; i < 9; ++i) injections += "inject header x-" + std::to_string(i) + " f\n";
  EXPECT_FALSE(ParsePolicy(injections));
}

TEST(Policy, OfOriginsIsTheSimplestOne) {
  const auto policy = Policy::FromOrigins({"https://a.test", "http://127.0.0.1:8080", "https://a.test:443/"});
  ASSERT_TRUE(policy);
  EXPECT_EQ(PrintPolicy(*policy),
            "origin http://127.0.0.1:8080\norigin https://a.test\nallow * /**\nredirects listed\n");
  ExpectStable(*policy, "FromOrigins");
  EXPECT_TRUE(policy->Names({"https", "a.test", 443}));
  EXPECT_FALSE(policy->Names({"http", "a.test", 80}));
  EXPECT_FALSE(policy->Names({"https", "a.test", 444}));
  EXPECT_FALSE(policy->Names({"https", "b.a.test", 443}));
  EXPECT_FALSE(policy->Names({"http", "localhost", 8080}));
  EXPECT_TRUE(policy->WithoutText());
  const auto bad = Policy::FromOrigins({"https://a.test", "nonsense"});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, StartsWith("the allowed origin \"nonsense\" is not an origin"));
  EXPECT_EQ(*Policy::FromOrigins({}), Policy());
  EXPECT_EQ(PrintPolicy(Policy()), "");
}

TEST(Policy, HashIsThatOfTheMeaning) {
  const std::string hash = PolicyHash(*ParsePolicy(kFull));
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(PolicyHash(*ParsePolicy(kFullCanonical)), hash);
  // Every line that is left out makes it another.
  std::string text = kFullCanonical;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string without = text.substr(0, begin) + text.substr(end);
    const auto policy = ParsePolicy(without);
    ASSERT_TRUE(policy) << without << policy.error().message;
    EXPECT_NE(PolicyHash(*policy), hash) << text.substr(begin, end - begin);
    EXPECT_FALSE(*policy == *ParsePolicy(kFull));
    begin = end;
  }
}

// Texts made of the grammar, some of them damaged: whatever is read is written so that it is read again as the same.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string Text() {
    std::string text = "origin https://z.test\n";
    const int lines = Number(12);
    for (int i = 0; i < lines; ++i) text += Line() + (Number(6) == 0 ? " # note\n" : "\n");
    text += "allow * /zz/**\n";
    if (Number(3) == 0)
      text[static_cast<std::size_t>(Number(static_cast<int>(text.size())))] = "\"\\#,/*{}% \nx9"[Number(13)];
    return text;
  }

 private:
  int Number(int below) { return static_cast<int>(random_() % static_cast<std::uint32_t>(below)); }
  std::string One(std::initializer_list<std::string> of) { return *(of.begin() + Number(static_cast<int>(of.size()))); }

  std::string Piece() {
    return One(
        {"a", "B", "9", "-", ".", "_", "~", "%20", "%c3%bc", "%2A", "%7b", ",", ":", "+", "'", "@", "%41", "v1"});
  }
  std::string Pieces() {
    std::string text = Piece();
    while (Number(2) == 0) text += Piece();
    return text;
  }
  std::string Path() {
    std::string path;
    const int segments = Number(4);
    for (int i = 0; i < segments; ++i) {
      path += "/" + One({"", "x", "{id}", "*"});
      if (path.back() == '/' || Number(2) == 0) path += Pieces();
    }
    return path + (path.empty() ? One({"/", "/**"}) : One({"", "/", "/**"}));
  }
  std::string Methods() {
    return One({"*", "GET", "GET,HEAD", "HEAD, GET", "PUT POST", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"});
  }
  std::string Quoted() {
    std::string text = "\"";
    for (int i = Number(6); i >= 0; --i)
      text += One({"a", " ", "#", "\\\"", "\\\\", "\\n", ",", "{body}", "-", "none", "*"});
    return text + "\"";
  }
  std::string Value() { return Number(2) == 0 ? Quoted() : Pieces(); }
  std::string Field() { return One({"token", "key", "a.b", "A_1", "-"}); }
  std::string Header() { return One({"X-Key", "authorization", "x-acme-*", "a", "x_y", "!#$", "host"}); }
  std::string Count() { return std::to_string(Number(2000)); }

  std::string Line() {
    switch (Number(18)) {
      case 0:
      case 1:
      case 2:
        return One({"allow ", "deny "}) + Methods() + " " + Path();
      case 3:
        return "origin " + One({"https://", "http://"}) + One({"a.test", "B.test:8080", "[::1]", "127.0.0.1:80"});
      case 4:
        return "query " + Value() + One({", ", " ", ","}) + Value();
      case 5:
        return "request-headers " + Header() + ", " + Header();
      case 6:
        return "inject header " + Header() + " " + Field() + One({"", " prefix " + Value()});
      case 7:
        return "inject query " + Value() + " " + Field();
      case 8:
        return "inject basic " + Field() + " " + Field();
      case 9:
        return "inject " + One({"hmac-sha1", "hmac-sha256", "hmac-sha512"}) + " key message " + Value() + " header " +
               Header() + One({"", " encoding base64", " encoding hex", " prefix " + Value()});
      case 10:
        return "inject aws-sigv4 region " + Value() + " service " + Value() + " access-key a secret-key " + Field();
      case 11:
        return "inject jwt EdDSA key k issuer " + Value() + " lifetime " + Count() + "s";
      case 12:
        return "placeholder " + Field() + One({" header ", " basic user #"}) + Header();
      case 13:
        return "rate " + Count() + One({"/s", "/m", "/h"}) + One({"", " burst 7"});
      case 14:
        return One({"in-flight ", "calls ", "retry "}) + Count();
      case 15:
        return One({"request-bytes ", "response-bytes "}) + Count() + One({"B", "KB", "MB"});
      case 16:
        return One({"timeout " + Count() + "ms", "timeout " + Count() + "s", "redirects listed", "redirects none"});
      default:
        return One({"tls min 1.3", "tls ca /", "tls client-certificate \"/a b\" k", "proxy http://p.test:3128",
                    "connection acme"});
    }
  }

  std::mt19937 random_;
};

TEST(Policy, WhatIsWrittenIsReadAsTheSame) {
  int good = 0;
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    const std::string text = Generator(seed).Text();
    const auto policy = ParsePolicy(text);
    if (!policy) continue;
    ++good;
    ExpectStable(*policy, text);
    if (HasFailure()) return;
  }
  EXPECT_GT(good, 1'000) << "the generator makes too few good texts to show anything";
}

TEST(Policy, SafeHeadersAreOnesThatCanBeSet) {
  for (const std::string_view name : SafeRequestHeaders()) EXPECT_EQ(FindRefusal(name), nullptr) << name;
}

// As it stands in a table of Markdown.
std::string InTable(std::string_view usage) {
  std::string text;
  for (const char c : usage) text += c == '|' ? std::string("\\|") : std::string(1, c);
  return text;
}

// docs/policy.md has every directive, form and default; its examples are policies.
TEST(PolicyDocument, IsComplete) {
  std::ifstream file(POLICY_DOCUMENT);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty()) << POLICY_DOCUMENT;
  for (const auto infos : {Directives(), InjectionForms()}) {
    for (const DirectiveInfo& info : infos) EXPECT_THAT(text, HasSubstr("`" + InTable(info.usage) + "`"));
  }
  for (const std::string_view name : SafeRequestHeaders()) EXPECT_THAT(text, HasSubstr("`" + std::string(name) + "`"));
  int examples = 0;
  constexpr std::string_view kFence = "```policy\n";
  for (std::size_t at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at + 1)) {
    const std::size_t begin = at + kFence.size();
    const std::string example = text.substr(begin, text.find("```", begin) - begin);
    const auto policy = ParsePolicy(example);
    EXPECT_TRUE(policy) << policy.error().message << "\n" << example;
    if (policy) ExpectStable(*policy, example);
    ++examples;
  }
  EXPECT_GE(examples, 3);
}

}  // namespace
}  // namespace warder::broker

// Requests forged towards what is private: every target, in every spelling, by every way that leads there.
//
// In the private network every address leads to this process, so that a connection to any of them would be made and
// recorded. Each family has its control: the same target, named exactly in the grant, is reached.
#include <algorithm>
#include <cstdio>

#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

struct Special {
  const char* address;
  const char* network;  // of the registries, which a refusal names
  bool literal = true;  // a URL may hold it, and a connection to it leads there and nowhere else
};

constexpr Special kSpecials[] = {
    {"0.0.0.0", "0.0.0.0/", false},
    {"0.0.0.1", "0.0.0.0/8", false},
    {"0.255.255.255", "0.0.0.0/8", false},
    {"10.0.0.0", "10.0.0.0/8"},
    {"10.0.0.5", "10.0.0.0/8"},
    {"10.255.255.255", "10.0.0.0/8"},
    {"100.64.0.0", "100.64.0.0/10"},
    {"100.100.100.200", "100.64.0.0/10"},
    {"100.127.255.255", "100.64.0.0/10"},
    {"127.0.0.1", "127.0.0.0/8"},
    {"127.0.0.2", "127.0.0.0/8"},
    {"127.255.255.254", "127.0.0.0/8"},
    {"169.254.0.1", "169.254.0.0/16"},
    {"169.254.169.254", "169.254.169.254/32"},
    {"169.254.170.2", "169.254.0.0/16"},
    {"169.254.255.255", "169.254.0.0/16"},
    {"172.16.0.0", "172.16.0.0/12"},
    {"172.17.0.1", "172.16.0.0/12"},
    {"172.31.255.255", "172.16.0.0/12"},
    {"192.0.0.1", "192.0.0.0/"},
    {"192.0.0.8", "192.0.0."},
    {"192.0.0.170", "192.0.0."},
    {"192.0.0.192", "192.0.0.0/24"},
    {"192.0.2.1", "192.0.2.0/24"},
    {"192.88.99.1", "192.88.99.0/24"},
    {"192.168.0.0", "192.168.0.0/16"},
    {"192.168.1.1", "192.168.0.0/16"},
    {"192.168.255.255", "192.168.0.0/16"},
    {"198.18.0.1", "198.18.0.0/15"},
    {"198.19.255.255", "198.18.0.0/15"},
    {"198.51.100.1", "198.51.100.0/24"},
    {"203.0.113.1", "203.0.113.0/24"},
    {"224.0.0.1", "224.0.0.0/4", false},
    {"239.255.255.255", "224.0.0.0/4", false},
    {"240.0.0.1", "240.0.0.0/4", false},
    {"255.255.255.254", "240.0.0.0/4", false},
    {"255.255.255.255", "255.255.255.255/32", false},
    {"::", "::/", false},
    {"::1", "::1/128"},
    {"::2", "::/96", false},
    {"::10.0.0.5", "::/96", false},
    {"::ffff:10.0.0.5", "::ffff:0:0/96", false},
    {"::ffff:127.0.0.1", "::ffff:0:0/96", false},
    {"::ffff:169.254.169.254", "::ffff:0:0/96", false},
    {"::ffff:93.184.216.34", "::ffff:0:0/96", false},
    {"::ffff:0:a00:5", "::ffff:0:0:0/96"},
    {"64:ff9b::a00:5", "10.0.0.0/8"},
    {"64:ff9b::7f00:1", "127.0.0.0/8"},
    {"64:ff9b::a9fe:a9fe", "169.254.169.254/32"},
    {"64:ff9b:1::a00:5", "64:ff9b:1::/48"},
    {"100::1", "100::/64"},
    {"2001::a00:5", "2001::/32"},
    {"2001:0:a00:5::", "2001::/32"},
    {"2001:2::1", "2001:2::/48"},
    {"2001:10::1", "2001:10::/28"},
    {"2001:20::1", "2001:20::/28"},
    {"2001:db8::1", "2001:db8::/32"},
    {"2002:a00:5::", "2002::/16"},
    {"2002:7f00:1::", "2002::/16"},
    {"3fff::1", "3fff::/20"},
    {"5f00::1", "5f00::/16"},
    {"fc00::1", "fc00::/7"},
    {"fd00:ec2::254", "fd00:ec2::254/128"},
    {"fdff:ffff::1", "fc00::/7"},
    {"fe80::1", "fe80::/10", false},
    {"febf::1", "fe80::/10", false},
    {"fec0::1", "fec0::/10"},
    {"ff02::1", "ff00::/8", false},
    {"ff0e::1", "ff00::/8", false},
    {"2600::5efe:a00:5", "::5efe:0:0/96"},
    {"2600::200:5efe:a00:5", "::5efe:0:0/96"},
    {"4000::1", "outside 2000::/3"},
};

std::string LiteralOf(const Special& special) {
  const std::string address = special.address;
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

struct Spelling {
  const char* url;
  const char* reason;
};

constexpr const char* kLooksLikeAddress = "looks like an address; write IPv4 as four decimal numbers";
constexpr const char* kNotAddress = "is not an IPv6 address";
constexpr const char* kInside = "is an IPv4 address inside an IPv6 address";
constexpr const char* kUserInformation = "has user information before its host";
constexpr const char* kOtherSpelling = "is another spelling of ";
constexpr const char* kIdeographicDot = "holds an ideographic dot";

constexpr Spelling kSpellings[] = {
    {"http://2130706433/", kLooksLikeAddress},
    {"http://167772165/", kLooksLikeAddress},
    {"http://0x7f000001/", kLooksLikeAddress},
    {"http://0X7F000001/", kLooksLikeAddress},
    {"http://0xa000005/", kLooksLikeAddress},
    {"http://0xa9fea9fe/", kLooksLikeAddress},
    {"http://017700000001/", kLooksLikeAddress},
    {"http://0177.0.0.1/", kLooksLikeAddress},
    {"http://012.0.0.5/", kLooksLikeAddress},
    {"http://0x0a.0.0.5/", kLooksLikeAddress},
    {"http://10.0.0.0x5/", "ambiguous"},
    {"http://10.0.5/", kLooksLikeAddress},
    {"http://10.5/", kLooksLikeAddress},
    {"http://127.1/", kLooksLikeAddress},
    {"http://127.0.1/", kLooksLikeAddress},
    {"http://0x7f.1/", kLooksLikeAddress},
    {"http://0/", kLooksLikeAddress},
    {"http://1/", kLooksLikeAddress},
    {"http://0x/", kLooksLikeAddress},
    {"http://127.0.0.01/", kLooksLikeAddress},
    {"http://010.0.0.5/", kLooksLikeAddress},
    {"http://10.0.0.256/", kLooksLikeAddress},
    {"http://10.0.0.5.6/", "ambiguous"},
    {"http://a.10/", kLooksLikeAddress},
    {"http://127.0.0.1./", "dot segment"},
    {"http://10.0.0.5./", "dot segment"},
    {"http://localhost./", "has an empty label"},
    {"http://metadata.google.internal./", "has an empty label"},
    {"http://.10.0.0.5/", "has an empty label"},
    {"http://10..0.5/", "has an empty label"},
    {"http://[::ffff:10.0.0.5]/", kInside},
    {"http://[::ffff:a00:5]/", kInside},
    {"http://[::10.0.0.5]/", kInside},
    {"http://[::a00:5]/", kInside},
    {"http://[::FFFF:127.0.0.1]/", kInside},
    {"http://[64:ff9b::10.0.0.5]/", "is not written as RFC 5952 asks"},
    {"http://[0:0:0:0:0:0:0:1]/", "is not written as RFC 5952 asks"},
    {"http://[0::1]/", "is not written as RFC 5952 asks"},
    {"http://[::0001]/", "is not written as RFC 5952 asks"},
    {"http://[fd00:0ec2::254]/", "is not written as RFC 5952 asks"},
    {"http://[fe80::1%25lo]/", "not absolute and well-formed"},
    {"http://[fe80::1%25eth0]/", "not absolute and well-formed"},
    {"http://[::1%25lo]/", "not absolute and well-formed"},
    {"http://[::1%lo]/", "two hexadecimal digits do not follow"},
    {"http://[10.0.0.5]/", "not absolute and well-formed"},
    {"http://[::1/", "not absolute and well-formed"},
    {"http://::1/", "host is missing"},
    {"http://[v1.10]/", kNotAddress},
    {"http://10%2e0%2e0%2e5/", "character other than letters"},
    {"http://%31%30.0.0.5/", "character other than letters"},
    {"http://loc%61lhost/", "character other than letters"},
    {"http://10.0.0.5%00.example.com/", "NUL"},
    {"http://10.0.0.5%23.example.com/", "ambiguous"},
    {"http://10_0_0_5/", "character other than letters"},
    {"http://１０.0.0.5/", kOtherSpelling},
    {"http://１２７.0.0.1/", kOtherSpelling},
    {"http://10。0。0。5/", kIdeographicDot},
    {"http://10．0．0．5/", kIdeographicDot},
    {"http://10｡0｡0｡5/", kIdeographicDot},
    {"http://①⓪.⓪.⓪.⑤/", kOtherSpelling},
    {"http://127.0.0.１/", kOtherSpelling},
    {"http://２１３０７０６４３３/", kOtherSpelling},
    {"http://０x7f.1/", kOtherSpelling},
    {"http://ｌocalhost/", kOtherSpelling},
    {"http://ⓛocalhost/", kOtherSpelling},
    {"http://loca\xc2\xadlhost/", kOtherSpelling},
    {"http://local\xe2\x80\x8bhost/", kOtherSpelling},
    {"http://bücher.10.0.0.5/", kLooksLikeAddress},
    {"http://xn--10-.0.0.5/", "is not a name by UTS #46"},
};

constexpr Spelling kTricks[] = {
    {"http://public.test@10.0.0.5/", kUserInformation},
    {"http://public.test:80@10.0.0.5/", kUserInformation},
    {"http://public.test:x@10.0.0.5:80/", kUserInformation},
    {"http://@10.0.0.5/", kUserInformation},
    {"http://:@10.0.0.5/", kUserInformation},
    {"http://10.0.0.5@public.test/", kUserInformation},
    {"http://public.test%40@10.0.0.5/", kUserInformation},
    {"http://a@public.test@10.0.0.5/", kUserInformation},
    {"http://public.test\\@10.0.0.5/", "backslash"},
    {"http://10.0.0.5\\@public.test/", "backslash"},
    {"http://public.test\\.10.0.0.5/", "backslash"},
    {"http:\\\\10.0.0.5/", "backslash"},
    {"http:/\\10.0.0.5/", "backslash"},
    {"http://public.test#@10.0.0.5/", "fragment"},
    {"http://10.0.0.5#@public.test/", "fragment"},
    {"http://10.0.0.5/#public.test", "fragment"},
    {"http://public.test:80#@10.0.0.5/", "fragment"},
    {"http://10.0.0.5?@public.test/", "is not in the grant"},
    {"http://10.0.0.5/@public.test", "is not in the grant"},
    {"http://10.0.0.5/?http://public.test/", "is not in the grant"},
    {"http://10.0.0.5:80/", "is not in the grant"},
    {"HTTP://10.0.0.5/", "is not in the grant"},
    {"http://public.test:81/", "is not in the grant"},
    {"https://public.test/", "is not in the grant"},
    {"http://sub.public.test/", "is not in the grant"},
    {"http://public.test.evil.test/", "is not in the grant"},
    {"http://evilpublic.test/", "is not in the grant"},
    {"http://localhost/", "is not in the grant"},
    {"http://LOCALHOST/", "is not in the grant"},
    {"http://localhost.localdomain/", "is not in the grant"},
    {"http://ip6-localhost/", "is not in the grant"},
    {"http://metadata.google.internal/", "is not in the grant"},
    {"http://instance-data/", "is not in the grant"},
    {"http://10.0.0.5.nip.io/", "ambiguous"},
    {"http://10.0.0.5:0/", "port must be a plain number"},
    {"http://10.0.0.5:65536/", "port must be a plain number"},
    {"http://10.0.0.5:65616/", "port must be a plain number"},
    {"http://10.0.0.5:080/", "port must be a plain number"},
    {"http://10.0.0.5:4294967376/", "port must be a plain number"},
    {"http://10.0.0.5:-80/", "port must be a plain number"},
    {"http://10.0.0.5:80:80/", "ambiguous"},
    {"http://10.0.0.5: 80/", "space or a control character"},
    {"http://10.0.0.5 /", "space or a control character"},
    {" http://10.0.0.5/", "space or a control character"},
    {"http://10.0.0.5\t/", "space or a control character"},
    {"http://public.test\n.10.0.0.5/", "space or a control character"},
    {"http://public.test\r\nHost: 10.0.0.5/", "space or a control character"},
    {"http:10.0.0.5/", "has no host"},
    {"http:/10.0.0.5/", "has no host"},
    {"http:///10.0.0.5/", "host is missing"},
    {"http://", "host is missing"},
    {"//10.0.0.5/", "not absolute"},
    {"10.0.0.5/", "not absolute"},
    {"file:///etc/passwd", "scheme must be http or https"},
    {"ftp://10.0.0.5/", "scheme must be http or https"},
    {"gopher://10.0.0.5:6379/_SET", "scheme must be http or https"},
    {"dict://10.0.0.5:11211/", "scheme must be http or https"},
    {"ldap://10.0.0.5/", "scheme must be http or https"},
    {"unix:///var/run/docker.sock", "scheme must be http or https"},
    {"data:text/plain,x", "scheme must be http or https"},
    {"ws://10.0.0.5/", "scheme must be http or https"},
    {"http+unix://10.0.0.5/", "scheme must be http or https"},
};

class SsrfTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (!loop) return;
    ASSERT_EQ(LeadEveryAddressHere(), "");
    public_server = std::make_unique<RawServer>(*loop, kPublic4, 80);
    public_server->Answer(Response("public"));
    everywhere = std::make_unique<RawServer>(*loop, "::", 80);  // of both families
    everywhere->Answer(Response("reached"));
    dns->Add("public.test", {{kPublic4}});
  }
  void TearDown() override {
    broker.reset();
    public_server.reset();
    everywhere.reset();
    BrokerTest::TearDown();
  }

  // Calls `url` and expects one clear sentence that holds `reason`, and nothing on any wire.
  void ExpectDenied(const std::string& url, const std::vector<std::string>& grant, const std::string& reason,
                    CallFailure::Kind kind = CallFailure::Kind::kRefused) {
    ++vectors;
    Recorder recorder;
    Run(recorder, Request("GET", url), grant);
    ASSERT_TRUE(recorder.failure) << url << " was reached";
    const std::string& said = recorder.failure->message;
    EXPECT_EQ(recorder.failure->kind, kind) << url << ": " << said;
    EXPECT_NE(said.find(reason), std::string::npos) << url << ": " << said;
    EXPECT_EQ(said.starts_with("refused: "), kind == CallFailure::Kind::kRefused) << said;
    EXPECT_TRUE(said.size() < 400 &&
                std::all_of(said.begin(), said.end(), [](char c) { return c >= 0x20 && c < 0x7f; }))
        << said;
    ExpectNothing(url);
  }
  void ExpectNothing(const std::string& what) {
    ASSERT_EQ(everywhere->connections(), 0U) << what;
    ASSERT_EQ(everywhere->bytes_received(), 0U) << what;
  }
  // The control: reached when it is named exactly.
  void ExpectReached(const std::string& origin) {
    ++controls;
    const std::size_t before = everywhere->connections();
    Recorder recorder;
    Run(recorder, Request("GET", origin + "/"), {origin});
    ASSERT_FALSE(recorder.failure) << origin << ": " << recorder.failure->message;
    EXPECT_EQ(recorder.body, "reached");
    EXPECT_EQ(everywhere->connections(), before + 1) << origin;
  }
  void Say(const char* family) {
    std::printf("  %s: %d vectors, %d controls, %zu connections and %llu bytes where none may be\n", family, vectors,
                controls, denied_connections, static_cast<unsigned long long>(denied_bytes));
  }
  // Before the controls.
  void Note() {
    Settle();
    denied_connections = everywhere->connections();
    denied_bytes = everywhere->bytes_received();
    ExpectNothing("afterwards");
  }

  std::unique_ptr<RawServer> public_server;
  std::unique_ptr<RawServer> everywhere;
  int vectors = 0;
  int controls = 0;
  std::size_t denied_connections = 0;
  std::uint64_t denied_bytes = 0;
};

TEST_F(SsrfTest, AddressesThatAreNotGranted) {
  for (const Special& special : kSpecials) {
    const std::string origin = "http://" + LiteralOf(special);
    const bool mapped =
        std::string(special.address).starts_with("::") && std::string(special.address).find('.') != std::string::npos;
    ExpectDenied(origin + "/", {"http://public.test"}, mapped ? kInside : origin + " is not in the grant");
    if (special.literal) ExpectDenied("http://" + LiteralOf(special) + ":8080/", {origin}, "is not in the grant");
  }
  Note();
  for (const Special& special : kSpecials) {
    if (special.literal) ExpectReached("http://" + LiteralOf(special));
  }
  Say("addresses in a URL");
}

TEST_F(SsrfTest, NamesThatLeadToSpecialAddresses) {
  int number = 0;
  const auto name_of = [&](std::vector<std::string> answer) {
    std::string name = "n" + std::to_string(++number) + ".test";
    dns->Add(name, {std::move(answer)});
    return name;
  };
  for (const Special& special : kSpecials) {
    const auto denied = [&](const std::string& name) {
      ExpectDenied("http://" + name + "/", {"http://" + name}, std::string(special.network));
    };
    denied(name_of({special.address}));
    denied(name_of({kPublic4, special.address}));
    denied(name_of({special.address, kPublic4, kPublic6}));
    const std::string target = name_of({special.address});
    const std::string alias = "alias" + std::to_string(number) + ".test";
    dns->AddCname(alias, target);
    denied(alias);
  }
  Note();
  const std::string name = name_of({kPublic4});
  Recorder recorder;
  Run(recorder, Request("GET", "http://" + name + "/"), {"http://" + name});
  ++controls;
  EXPECT_EQ(recorder.body, "public");
  Say("names");
}

TEST_F(SsrfTest, AnswersThatAreNone) {
  options.resolve_timeout = std::chrono::milliseconds(200);
  dns->Add("empty.test", {{}});
  dns->Add("huge.test", {std::vector<std::string>(65, kPublic4)});
  dns->Add("huge-private.test", {std::vector<std::string>(40, "10.0.0.5")});
  std::vector<std::string> many(39, kPublic4);
  many.emplace_back("10.0.0.5");
  dns->Add("last-is-private.test", {many});
  dns->AddSilent("silent.test");
  dns->AddCname("to-nowhere.test", "missing.test");
  dns->AddCname("to-itself.test", "to-itself.test");
  const auto denied = [&](const std::string& name, const std::string& reason, CallFailure::Kind kind) {
    ExpectDenied("http://" + name + "/", {"http://" + name}, name + " " + reason, kind);
  };
  denied("empty.test", "has no address", CallFailure::Kind::kNetwork);
  denied("missing.test", "does not exist", CallFailure::Kind::kNetwork);
  denied("to-nowhere.test", "does not exist", CallFailure::Kind::kNetwork);
  denied("to-itself.test", "", CallFailure::Kind::kNetwork);
  denied("huge.test", "has more addresses than a name may have", CallFailure::Kind::kNetwork);
  denied("huge-private.test", "resolves to a special address", CallFailure::Kind::kRefused);
  denied("last-is-private.test", "resolves to a special address", CallFailure::Kind::kRefused);
  denied("silent.test", "was not resolved within 200 ms", CallFailure::Kind::kTimeout);
  Note();
  Say("DNS answers");
}

TEST_F(SsrfTest, SpellingsAndTricks) {
  for (const Spelling& spelling : kSpellings) ExpectDenied(spelling.url, {"http://public.test"}, spelling.reason);
  for (const Spelling& trick : kTricks) ExpectDenied(trick.url, {"http://public.test"}, trick.reason);
  EXPECT_EQ(public_server->connections(), 0U);
  Note();
  ExpectReached("http://10.0.0.5");
  ExpectReached("http://127.0.0.1");
  ExpectReached("http://[::1]");
  Say("spellings and URL tricks");
}

TEST_F(SsrfTest, Redirects) {
  std::string location;
  std::string status;
  public_server->Answer(
      [&](const std::string&) { return Response("", "Location: " + location + "\r\n", status + " Moved"); });
  const char* const statuses[] = {"301", "302", "303", "307", "308"};
  int number = 0;
  const auto denied = [&](const std::string& to, const std::vector<std::string>& also, const std::string& reason) {
    location = to;
    status = statuses[static_cast<std::size_t>(number++) % std::size(statuses)];
    std::vector<std::string> grant = also;
    grant.emplace_back("http://public.test");
    ExpectDenied("http://public.test/", grant, reason);
  };
  for (const Special& special : kSpecials) {
    denied("http://" + LiteralOf(special) + "/", {}, "http://public.test redirected (");
    denied("//" + LiteralOf(special) + "/x", {}, "http://public.test redirected (");
    const std::string name = "r" + std::to_string(number) + ".test";
    dns->Add(name, {{special.address}});
    denied("http://" + name + "/", {"http://" + name}, special.network);
  }
  for (const Spelling& spelling : kSpellings) denied(spelling.url, {}, "http://public.test redirected (");
  Note();
  ++controls;
  location = "http://10.0.0.5/";
  Recorder recorder;
  Run(recorder, Request("GET", "http://public.test/"), {"http://public.test", "http://10.0.0.5"});
  EXPECT_EQ(recorder.body, "reached");
  EXPECT_EQ(everywhere->connections(), 1U);
  Say("redirects");
}

}  // namespace
}  // namespace warder::broker::testing

#include "engine/broker/canonical_url.h"

#include <gtest/gtest.h>

namespace warder::broker {
namespace {

TEST(CanonicalUrl, KeepsWhatIsCanonical) {
  for (const char* url :
       {"https://api.example.com/", "http://a.b-c.d1/x/y?z=1&w=%20", "https://api.example.com:8443/a//b/",
        "http://127.0.0.1:8080/", "https://[2001:db8::1]/", "http://[::1]:1/", "http://xn--bcher-kva.example/",
        "https://a/?", "https://a/?q=a/../b", "https://a/group%2Fproject/x", "https://a/..a/.b/c..", "https://a/;x/...",
        "http://localhost:65535/", "https://a/?u=http://b/@c", "https://a/@b:c!$&'()*+,;="}) {
    const auto parsed = CanonicalizeUrl(url);
    ASSERT_TRUE(parsed) << url << ": " << parsed.error().message;
    EXPECT_EQ(parsed->ToString(), url);
  }
}

TEST(CanonicalUrl, WritesOneFormOfWhatIsEquivalent) {
  const std::pair<const char*, const char*> cases[] = {
      {"HTTPS://API.Example.COM", "https://api.example.com/"},
      {"https://a:443/x", "https://a/x"},
      {"http://a:80", "http://a/"},
      {"http://a:443/", "http://a:443/"},
      {"https://a?q", "https://a/?q"},
      {"https://a/x?f[y]=1|2", "https://a/x?f%5By%5D=1%7C2"},
      {"https://a/{id}", "https://a/%7Bid%7D"},
      {"http://[2001:DB8::A]/", "http://[2001:db8::a]/"},
  };
  for (const auto& [url, expected] : cases) {
    const auto parsed = CanonicalizeUrl(url);
    ASSERT_TRUE(parsed) << url << ": " << parsed.error().message;
    EXPECT_EQ(parsed->ToString(), expected);
  }
}

TEST(CanonicalUrl, RefusesWhatAnyoneCouldReadInTwoWays) {
  for (const char* url : {"",
                          "/",
                          "a",
                          "//a/",
                          "api.example.com",
                          "ftp://a/",
                          "file:///etc/passwd",
                          "file://a/",
                          "javascript:x",
                          "data:,x",
                          "ws://a/",
                          "http:",
                          "http:/",
                          "http://",
                          "http:///",
                          "http:///a",
                          "http:a",
                          "http:/a",
                          "http:\\\\a",
                          "http:/\\a",
                          "https:://a/",
                          "http://user@a/",
                          "http://user:pass@a/",
                          "http://@a/",
                          "http://:@a/",
                          "http://a@b@c/",
                          "http://a\\@b/",
                          "http://a#@b/",
                          "http://a/#",
                          "http://a/x#y",
                          "http://a\\b/",
                          "http://a/\\b",
                          "http://a/?\\",
                          "http://a /",
                          "http://a/ b",
                          " http://a/",
                          "http://a/\t",
                          "http://a/\n",
                          "http://a\r\n/",
                          "http://a/?\r\nX: y",
                          "http://\xef\xbc\x91/",
                          "http://a/\xc3\xa9",
                          "http://\xc3\xbc/",
                          "http://a/\x7f",
                          "http://a:0/",
                          "http://a:65536/",
                          "http://a:0443/",
                          "http://a:/",
                          "http://a:+1/",
                          "http://a:-1/",
                          "http://a:8o/",
                          "http://a:99999999999/",
                          "http://a: 80/",
                          "http://a:80:80/",
                          "http://a./",
                          "http://.a/",
                          "http://a..b/",
                          "http://-a/",
                          "http://a-/",
                          "http://a_b/",
                          "http://a%2eb/",
                          "http://%61/",
                          "http://a*b/",
                          "http://*/",
                          "http://*.a.com/",
                          "http://2130706433/",
                          "http://0x7f000001/",
                          "http://0x7f.1/",
                          "http://127.1/",
                          "http://0177.0.0.1/",
                          "http://127.0.0.01/",
                          "http://127.0.0.1./",
                          "http://127.0.0.256/",
                          "http://1.2.3.4.5/",
                          "http://a.1/",
                          "http://a.0x1/",
                          "http://0x/",
                          "http://1/",
                          "http://[::ffff:127.0.0.1]/",
                          "http://[::127.0.0.1]/",
                          "http://[::ffff:7f00:1]/",
                          "http://[0:0:0:0:0:0:0:1]/",
                          "http://[::1%25lo]/",
                          "http://[::1%lo]/",
                          "http://[fe80::1%25eth0]/",
                          "http://[::1/",
                          "http://::1/",
                          "http://[]/",
                          "http://[1.2.3.4]/",
                          "http://[::1]x/",
                          "http://[v1.a]/",
                          "http://[00::1]/",
                          "http://a/%",
                          "http://a/%2",
                          "http://a/%zz",
                          "http://a/.",
                          "http://a/..",
                          "http://a/../b",
                          "http://a/b/./c",
                          "http://a/%2e",
                          "http://a/%2E%2e/b",
                          "http://a/.%2e/b",
                          "http://a/..%2fb",
                          "http://a/x%2f..%2fb",
                          "http://a/..%5cb",
                          "http://a/b/..;/c",
                          "http://a/..;x=1/c",
                          "http://a/%252e%252e/b",
                          "http://a/%25252e%25252e%25252fb",
                          "http://a/%2525252525252e",
                          "http://a/%00",
                          "http://a/x%0d%0ay",
                          "http://a/%250a",
                          "http://a/\"",
                          "http://a/<x>"}) {
    EXPECT_FALSE(CanonicalizeUrl(url)) << url;
  }
  EXPECT_FALSE(CanonicalizeUrl("http://a/" + std::string(kMaxUrlBytes, 'x')));
  EXPECT_FALSE(CanonicalizeUrl("http://" + std::string(64, 'a') + "/"));
  EXPECT_FALSE(CanonicalizeUrl(std::string("http://a/\0b", 11)));
}

TEST(CanonicalUrl, ErrorsDoNotRepeatPathOrQuery) {
  for (const char* url : {"http://a/s3cr3t/..", "http://a/?s3cr3t\n", "http://a/s3cr3t#", "nonsense:s3cr3t"}) {
    const auto parsed = CanonicalizeUrl(url);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message.find("s3cr3t"), std::string::npos) << parsed.error().message;
  }
}

TEST(CanonicalUrl, LocationsAreResolvedLikeReferences) {
  const auto base = CanonicalizeUrl("https://a.test/x/y?q");
  ASSERT_TRUE(base);
  const std::pair<const char*, const char*> cases[] = {
      {"z", "https://a.test/x/z"},
      {"/z?[1]#f", "https://a.test/z?%5B1%5D"},
      {"?z", "https://a.test/x/y?z"},
      {"../z", "https://a.test/z"},
      {"//b.test/z", "https://b.test/z"},
      {"http://b.test", "http://b.test/"},
      {"", "https://a.test/x/y?q"},
      {"#f", "https://a.test/x/y?q"},
      {"?", "https://a.test/x/y?"},
      {".", "https://a.test/x/"},
      {"..", "https://a.test/"},
      {"./z/./w/..", "https://a.test/x/z/"},
      {"/z//../w", "https://a.test/z/w"},
      {"/.z/z../...", "https://a.test/.z/z../..."},
      {"//b.test/z/../w?../q", "https://b.test/w?../q"},
      {"z//w", "https://a.test/x/z//w"},
      // As the upstream spells it: it may have signed that.
      {"/%7Ez%2d%3a%25%32", "https://a.test/%7Ez%2d%3a%25%32"},
      {"/z?%2D%61", "https://a.test/z?%2D%61"},
  };
  for (const auto& [location, expected] : cases) {
    const auto url = ResolveLocation(*base, location);
    ASSERT_TRUE(url) << location << ": " << url.error().message;
    EXPECT_EQ(url->ToString(), expected);
  }
  for (const char* location : {"http:z", "http:/z", "///z", "/\\z", "ftp://b/", "/%2e%2e/z", "//u@b/", "//b:0/", "/ z",
                               "\tz", "../../../z", "/..", "/z/../..", "z:w"}) {
    EXPECT_FALSE(ResolveLocation(*base, location)) << location;
  }
}

TEST(Origin, IsReadAndWritten) {
  EXPECT_EQ(ParseOrigin("https://API.example.com:443")->ToString(), "https://api.example.com");
  EXPECT_EQ(ParseOrigin("http://[::1]:8080/")->ToString(), "http://[::1]:8080");
  for (const char* text :
       {"https://a/b", "https://a/?", "https://a?x", "https://*.a", "a", "https://a#", "https://u@a"}) {
    EXPECT_FALSE(ParseOrigin(text)) << text;
  }
}

}  // namespace
}  // namespace warder::broker

#include "engine/broker/idna.h"

#include <gtest/gtest.h>

#include "engine/broker/canonical_url.h"

namespace warder::broker {
namespace {

TEST(Idna, NamesBeyondAsciiBecomeALabels) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://bücher.example/x", "https://xn--bcher-kva.example/x"},
      {"https://BÜCHER.Example", "https://xn--bcher-kva.example/"},
      {"https://bu\xcc\x88"
       "cher.example:8443/?q",
       "https://xn--bcher-kva.example:8443/?q"},
      {"https://straße.example", "https://xn--strae-oqa.example/"},
      {"https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"},
      {"http://api.привет.example", "http://api.xn--b1agh1afp.example/"},
      {"https://βόλος.com", "https://xn--nxasmm1c.com/"},
      {"https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"},
      {"https://xn--r8jz45g.xn--zckzah/", "https://xn--r8jz45g.xn--zckzah/"},
  };
  for (const auto& [url, expected] : cases) {
    const auto canonical = CanonicalizeUrl(url);
    ASSERT_TRUE(canonical) << url << ": " << canonical.error().message;
    EXPECT_EQ(canonical->ToString(), expected) << url;
    EXPECT_EQ(CanonicalizeUrl(canonical->ToString())->ToString(), expected) << "once is enough";
  }
  EXPECT_EQ(ParseOrigin("https://bücher.example")->ToString(), "https://xn--bcher-kva.example");
}

TEST(Idna, OtherSpellingsOfAsciiAndOfAddressesAreRefused) {
  for (const char* url : {
           "http://①②⑦.⓪.⓪.①/",                    // circled digits
           "http://１２７.0.0.1/",                 // full-width digits
           "http://127。0。0。1/",                 // ideographic dots
           "http://127．0．0．1/",                 //
           "http://127｡0｡0｡1/",                    //
           "http://127.0.0.１/",                   //
           "http://２１３０７０６４３３/",         //
           "http://０x7f.1/",                      //
           "http://ａｐｉ.example/",               // full-width letters
           "http://example。com/",                 //
           "http://bücher。example/",              //
           "http://bücher．example/",              //
           "http://bücher｡example/",               //
           "http://ｌocalhost/",                   //
           "http://\xe2\x84\xaa.example/",         // the Kelvin sign
           "http://bücher.exam\xc5\xbfle/",        // long s in a label that is ASCII otherwise
           "http://bücher.example\xe2\x80\xa4x/",  // one dot leader
           "http://a\xe2\x84\x80.example/",        // "a/c" as one character
           "http://bücher.１/",                    //
           "http://bücher.1/",                     //
           "http://bücher.127.0.0.1/",             //
       }) {
    const auto canonical = CanonicalizeUrl(url);
    EXPECT_FALSE(canonical) << url << " became " << canonical->ToString();
  }
}

TEST(Idna, WhatIsNoNameIsRefused) {
  for (const std::string& url : {
           std::string("http://ü/"),                      // no dot
           std::string("http://bücher.xn--bcher-kva/"),   // two forms in one
           std::string("http://xn--bücher.example/"),     //
           std::string("http://xn--/"),                   //
           std::string("http://xn--a.example/"),          // no punycode
           std::string("http://xn--bcher-kv.example/"),   //
           std::string("http://xn--127-.example/"),       // ASCII in disguise
           std::string("http://b\xc3.example/"),          // broken UTF-8
           std::string("http://b\xc0\xaf.example/"),      //
           std::string("http://bü_cher.example/"),        // STD3
           std::string("http://bü cher.example/"),        //
           std::string("http://-bücher.example/"),        //
           std::string("http://bücher-.example/"),        //
           std::string("http://bü..example/"),            //
           std::string("http://bücher.example./"),        //
           std::string("http://.bücher.example/"),        //
           std::string("http://\xcc\x88ücher.example/"),  // begins with a combining mark
           std::string("http://b\xe2\x80\xae"
                       "ü.example/"),  // right-to-left override
           std::string("http://b\xe2\x80\x8d"
                       "ü.example/"),                       // joiner out of its context
           std::string("http://ü@bücher.example/"),         // user information
           std::string("http://b\xe2\x84\x80ü.example/"),   // "a/c" as one character, beside others
           std::string("http://bü\xef\xbc\xa0x.example/"),  // full-width "@"
           std::string("http://bü\xef\xbc\x9a"
                       "8080.example/"),                    // full-width ":"
           std::string("http://bü\xef\xbc\x8fx.example/"),  // full-width "/"
           std::string("http://bü\xef\xbc\x85"
                       "2e.example/"),                          // full-width "%"
           std::string("http://ü@a.example/"),                  //
           std::string("http://a.example/ü"),                   // only hosts are mapped
           std::string("http://bücher.example/ü"),              //
           std::string("http://b%C3%BCcher.example/"),          //
           std::string("http://bücher.example\0.a.test/", 31),  //
           std::string("http://[bücher]/"),                     //
           std::string("http:bücher.example/"),                 //
           "http://" + std::string(70, 'b') + "ü.example/",     //
           "http://" + std::string(2'000, 'b') + "ü.example/",
       }) {
    const auto canonical = CanonicalizeUrl(url);
    EXPECT_FALSE(canonical) << url << " became " << canonical->ToString();
  }
}

}  // namespace
}  // namespace warder::broker

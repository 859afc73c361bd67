#include "engine/broker/inject/placeholder_scan.h"

#include "engine/broker/ascii.h"
#include "engine/broker/inject/testing.h"

namespace warder::broker {
namespace {

Placeholders Two() {
  std::string random;
  for (int i = 0; i < 2 * 24; ++i) random += static_cast<char>(i * 91 + 5);
  return Placeholders::Make({{"acme", "token", {}}, {"acme", "user", {}}}, random).value();
}

// The field that is found when `body` comes in pieces of the given sizes, the last one again and again.
std::string Scan(const Placeholders& placeholders, std::string_view body, std::vector<std::size_t> sizes) {
  PlaceholderScan scan(placeholders);
  for (std::size_t i = 0; !body.empty(); ++i) {
    const std::size_t size = std::min(sizes[std::min(i, sizes.size() - 1)], body.size());
    if (const Placeholder* found = scan.Feed(body.substr(0, size))) return found->stands_for.field;
    body.remove_prefix(size);
  }
  return "(none)";
}

TEST(PlaceholderScanTest, FindsItWhereverTheBodyIsCut) {
  const Placeholders placeholders = Two();
  const std::string text = placeholders.all()[1].text;
  std::string escaped;  // every byte
  for (const char c : text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    escaped += {'%', kDigits[static_cast<unsigned char>(c) >> 4U], kDigits[static_cast<unsigned char>(c) & 15U]};
  }
  const std::string bodies[] = {R"({"key":")" + text + R"("})",
                                "grant_type=x&client_secret=" + text,
                                "a=%41&client_secret=wrd%5F" + text.substr(4) + "&b",
                                "key=wrd%5F" + text.substr(4),
                                "100%&" + text,
                                "%%%wrd%5f" + text.substr(4),
                                "a" + escaped + "b",
                                "WRD_" + LowerCase(text.substr(4)),
                                "wrd_wrd_wrd_" + text,
                                text};
  for (const std::string& body : bodies) {
    for (std::size_t size = 1; size <= body.size(); ++size) {
      EXPECT_EQ(Scan(placeholders, body, {size}), "user") << body << " in pieces of " << size;
      EXPECT_EQ(Scan(placeholders, body, {size, body.size()}), "user") << body << " cut at " << size;
    }
  }
}

TEST(PlaceholderScanTest, FindsNothingElse) {
  const Placeholders placeholders = Two();
  const std::string text = placeholders.all()[0].text;
  std::string other = text;
  other[20] = other[20] == 'x' ? 'y' : 'x';
  const std::string bodies[] = {"",
                                "wrd_",
                                text.substr(0, 35),
                                text.substr(1),
                                other,
                                text.substr(0, 18) + " " + text.substr(18),
                                "wrd%255F" + text.substr(4),
                                std::string(1000, '_'),
                                std::string(1000, '%'),
                                text.substr(0, 20) + placeholders.all()[1].text.substr(20)};
  for (const std::string& body : bodies) {
    for (const std::size_t size : {1, 2, 3, 7, 64}) EXPECT_EQ(Scan(placeholders, body, {size}), "(none)") << body;
  }
}

TEST(PlaceholderScanTest, TheRefusalNamesConnectionFieldAndPlace) {
  const Placeholders placeholders = Two();
  const Error error = Placeholders::Refusal(placeholders.all()[0], "the request's body");
  EXPECT_EQ(error.kind, ErrorKind::kRefused);
  EXPECT_EQ(error.message,
            "the placeholder of connection \"acme\", field \"token\" stands in the request's body, where it is not "
            "replaced; the connection says where it may stand");
}

}  // namespace
}  // namespace warder::broker

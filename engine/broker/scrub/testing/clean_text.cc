#include "engine/broker/scrub/testing/clean_text.h"

#include <string_view>

#include "engine/broker/scrub/testing/speller.h"

namespace warder::broker::testing {
namespace {

constexpr const char* kWords[] = {"order",   "the",     "customer", "of",         "invoice", "status",
                                  "and",     "price",   "street",   "secret",     "token",   "country",
                                  "shipped", "pending", "value",    "description"};

std::string Bytes(std::size_t size, std::mt19937_64* random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((*random)());
  return bytes;
}

std::string Words(std::size_t count, std::mt19937_64* random) {
  std::string text;
  while (count-- > 0) text.append(text.empty() ? "" : " ").append(kWords[(*random)() % std::size(kWords)]);
  return text;
}

std::string JsonRecord(std::mt19937_64* random) {
  const std::string number = std::to_string((*random)() % 1'000'000);
  return R"({"id":)" + number + R"(,"key":")" + Hex(Bytes(16, random), false) + R"(","name":")" + Words(3, random) +
         R"(","note":")" + Words(12, random) +
         R"( \"quoted\" caf\u00e9\n","url":"https:\/\/api.example.com\/v1\/orders\/)" + number +
         R"(?page=2&q=a%20b","paid":true,"amount":)" + std::to_string((*random)() % 10'000) + R"(.25,"etag":")" +
         Base64(Bytes(24, random), false) + "\"},\n";
}

std::string HtmlRecord(std::mt19937_64* random) {
  return "<div class=\"row item-" + std::to_string((*random)() % 1000) + "\"><a href=\"/search?q=" + Words(1, random) +
         "%20" + Words(1, random) + "&amp;page=" + std::to_string((*random)() % 100) + "\">" + Words(4, random) +
         " &#8211; &quot;" + Words(5, random) + "&quot; &copy; caf&#xe9;</a>\n  <p>" + Words(20, random) +
         "</p></div>\n";
}

std::string Record(TextKind kind, std::mt19937_64* random) {
  switch (kind) {
    case TextKind::kJson:
      return JsonRecord(random);
    case TextKind::kHtml:
      return HtmlRecord(random);
    case TextKind::kBase64:
      return Base64(Bytes(4096, random), (*random)() % 2 == 0, (*random)() % 2 == 0 ? 76 : 0) + "\r\n";
    case TextKind::kHex:
      return Hex(Bytes(4096, random), (*random)() % 2 == 0) + "\n";
    case TextKind::kPercent:
      return SpellAll(Bytes(4096, random), [&] { return Escape::kPercentUpper; }) + "&";
    case TextKind::kBytes:
      break;
  }
  return Bytes(4096, random);
}

}  // namespace

std::string NameOf(TextKind kind) {
  constexpr const char* kNames[] = {"JSON", "HTML", "base64", "hexadecimal", "percent", "random bytes"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string CleanText(TextKind kind, std::size_t size, std::mt19937_64* random) {
  std::string text;
  text.reserve(size + 16'384);
  while (text.size() < size) text += Record(kind, random);
  text.resize(size);
  return text;
}

std::vector<std::string> RandomSecrets(std::size_t count, std::size_t size, std::mt19937_64* random) {
  std::vector<std::string> secrets;
  while (secrets.size() < count) secrets.push_back(Base64(Bytes(size, random), false).substr(0, size));
  return secrets;
}

}  // namespace warder::broker::testing

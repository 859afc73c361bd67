// libFuzzer: what reads text in order to inject a credential. The first byte says which; the rest is its input.
//
//   template      the message template of an HMAC: a column within the text, or a message that comes out the same twice
//   headers       placeholders in a request: what is replaced leaves no placeholder behind and holds the field
//   body          placeholders in a stream: found wherever the pieces are cut, and exactly where one stands
//
// In headers and bodies "\x01" stands for the first placeholder and "\x02" for the second: no input would guess them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/base64.h"
#include "engine/broker/inject/message_template.h"
#include "engine/broker/inject/placeholder.h"
#include "engine/broker/inject/placeholder_scan.h"
#include "engine/broker/percent.h"

namespace {

using namespace warder::broker;  // NOLINT(google-build-using-namespace): all this program is about

constexpr std::string_view kField = "F13LD";

void Require(bool holds) {
  if (!holds) std::abort();
}

const Placeholders& Two() {
  static const Placeholders* const placeholders = [] {
    using Kind = PlaceholderSite::Kind;
    std::string random;
    for (int i = 0; i < 2 * 24; ++i) random += static_cast<char>(i * 53 + 7);
    return new Placeholders(
        Placeholders::Make({{"a", "x", {{Kind::kHeader, "authorization", "Key "}}},
                            {"a", "y", {{Kind::kBasicUser, "", ""}, {Kind::kBasicPassword, "", ""}}}},
                           random)
            .value());
  }();
  return *placeholders;
}

std::string Spelled(std::string_view text) {
  std::string spelled;
  for (const char c : text) {
    if (c == 1 || c == 2) {
      spelled += Two().all()[c == 1 ? 0 : 1].text;
    } else {
      spelled += c;
    }
  }
  return spelled;
}

void FuzzTemplate(std::string_view text) {
  const auto compiled = MessageTemplate::Compile(text);
  if (!compiled) {
    constexpr std::string_view kStem = "the message template is wrong at column ";
    const std::string& message = compiled.error().message;
    if (message.starts_with(kStem)) {
      const unsigned long column = std::stoul(message.substr(kStem.size()));
      Require(column >= 1 && column <= text.size());
    }
    return;
  }
  const auto url = CanonicalizeUrl("https://a.example/p?q");
  const HeaderList headers = {{"x-a", "1"}};
  const SigningRequest request{"GET", *url, headers, "body", {}, "0123456789abcdef0123456789abcdef"};
  const auto first = compiled->Render(request);
  const auto second = compiled->Render(request);
  Require(first.has_value() == second.has_value() && (!first || *first == *second));
}

void FuzzHeaders(std::string_view text) {
  HeaderList headers;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string value = Spelled(line.substr(std::min(colon + 1, line.size())));
    constexpr std::string_view kBasic = "B ";  // what follows becomes base64
    if (value.starts_with(kBasic)) value = "Basic " + warder::Base64Of(value.substr(kBasic.size()));
    headers.emplace_back(Spelled(line.substr(0, colon)), value);
    begin = end + 1;
  }
  const auto url = CanonicalizeUrl("https://a.example/p?q");
  const auto use = Two().Find({"GET", *url, headers, [](std::string_view) { return true; }});
  if (!use) {
    Require(use.error().message.find("wrd_") == std::string::npos || text.find("wrd_") != std::string_view::npos);
    return;
  }
  if (*use) {
    warder::SecretFields fields;
    fields.emplace("x", warder::Secret(kField));
    fields.emplace("y", warder::Secret(kField));
    const auto filled = FillPlaceholders(**use, fields);
    Require(filled.has_value());
    for (const auto& [index, value] : filled->headers) headers.at(index).second = value.view();
    Require(!filled->headers.empty());
  }
  const auto again = Two().Find({"GET", *url, headers, [](std::string_view) { return true; }});
  Require(again.has_value() && !*again);
}

void FuzzBody(std::string_view text) {
  if (text.empty()) return;
  const std::size_t size = static_cast<unsigned char>(text.front()) % 64U + 1;
  const std::string body = Spelled(text.substr(1));
  PlaceholderScan whole(Two());
  PlaceholderScan pieces(Two());
  const bool expected = Two().FirstIn(body) != nullptr || Two().FirstIn(PercentDecoded(body)) != nullptr;
  Require((whole.Feed(body) != nullptr) == expected);
  bool found = false;
  for (std::size_t at = 0; at < body.size() && !found; at += size) {
    found = pieces.Feed(std::string_view(body).substr(at, size)) != nullptr;
  }
  Require(found == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      FuzzTemplate(text);
      break;
    case 1:
      FuzzHeaders(text);
      break;
    default:
      FuzzBody(text);
  }
  return 0;
}

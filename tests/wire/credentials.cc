#include "tests/wire/credentials.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "engine/base/base64.h"
#include "engine/base/text.h"
#include "engine/broker/percent.h"

namespace warder::wire {
namespace {

using Kind = Credential::Kind;

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t kCards = 2;

std::string HostileSecret(Random* random) {
  using namespace std::string_view_literals;
  static constexpr std::string_view kHostile[] = {"\r\nX-Forwarded-For: 127.0.0.1"sv,
                                                  "\r\nContent-Length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x"sv,
                                                  "\nHost: evil.test"sv,
                                                  "\r"sv,
                                                  "\0"sv,
                                                  "\x7f"sv,
                                                  "\r\n folded"sv,
                                                  "\x01\x1b[2J"sv,
                                                  "\t"sv};
  static constexpr std::string_view kOdd[] = {
      "%0d%0aX-Evil:1"sv,       " HTTP/1.1"sv,     "&admin=1#?/"sv, "\xff\xfe\x80"sv,
      "\xc3\xa9\xe2\x82\xac"sv, "; \"q\" , x=y"sv, "\\r\\n"sv,      "<>{}|^`"sv};
  static constexpr std::string_view kBlanks[] = {" "sv, "\t"sv, "\r\n"sv, "\n"sv};
  std::string secret = random->From(kLetters, 10 + random->Below(30));
  const std::size_t at = 1 + random->Below(secret.size() - 1);
  const std::size_t what = random->Below(16);
  if (what < 3) secret.insert(at, random->Pick(kHostile));
  if (what == 3) secret.insert(0, random->Pick(kBlanks));
  if (what == 4) secret.append(random->Pick(kBlanks));
  if (what == 5 || what == 6) secret.insert(at, random->Pick(kOdd));
  if (what == 7) secret.insert(at, random->Bytes(1 + random->Below(4)));
  return secret;
}

std::string LineFor(Kind kind) {
  switch (kind) {
    case Kind::kBearer:
      return "inject bearer secret";
    case Kind::kHeader:
      return "inject header x-api-key secret prefix \"Key \"";
    case Kind::kQuery:
      return "inject query api_key secret";
    case Kind::kBasic:
      return "inject basic user secret";
    case Kind::kHmac:
      return R"(inject hmac-sha256 secret header x-signature message "{method}\n{path}\n{body}")";
    case Kind::kPlaceholder:
      return "placeholder secret header x-sdk-key";
    case Kind::kBasicPlaceholder:
      return "placeholder secret basic password";
    case Kind::kNone:
      break;
  }
  return "";
}

std::string HmacHex(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), hash.data(), &size);
  return HexOf({reinterpret_cast<const char*>(hash.data()), size});
}

// `name` is taken already.
bool Has(const Headers& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (Folded(header.first) == name) return true;
  }
  return false;
}

Verdict Add(std::string_view name, std::string value, Outgoing* outgoing) {
  if (Has(outgoing->headers, name)) return Verdict::kNever;
  outgoing->headers.emplace_back(name, std::move(value));
  return Verdict::kMust;
}

}  // namespace

Credential Credential::Make(Random* random, const Origins& origins) {
  for (int tries = 0; tries < 1'000; ++tries) {
    Credential made;
    made.kind_ = static_cast<Kind>(1 + random->Below(7));
    made.secret_ = HostileSecret(random);
    if (made.kind_ == Kind::kBasic) made.user_ = HostileSecret(random);
    SecretFields fields;
    fields.emplace("secret", Secret(made.secret_));
    if (!made.user_.empty()) fields.emplace("user", Secret(made.user_));
    auto connection = broker::Connection::Make("origin http://" + origins.plain + "\norigin http://" + origins.named +
                                                   "\nallow * /**\nredirects listed\n" + LineFor(made.kind_) + "\n",
                                               std::move(fields));
    if (!connection) continue;
    made.connection_ = std::move(*connection);
    return made;
  }
  throw std::logic_error("the broker accepts none of the connections");
}

std::pair<std::string, std::string> Credential::PlaceholderHeader(Random* random,
                                                                  const std::string& placeholder) const {
  static constexpr std::string_view kPrefixes[] = {"", "Bearer ", "token ", "TOKEN "};
  static constexpr std::string_view kNames[] = {"x-sdk-key", "X-Sdk-Key", "X-SDK-KEY"};
  if (kind_ == Kind::kPlaceholder) {
    return {std::string(random->Pick(kNames)), std::string(random->Pick(kPrefixes)) + placeholder};
  }
  return {"Authorization", "Basic " + Base64Of("someone:" + placeholder)};
}

std::string Credential::WithoutInjected(const std::string& target) const {
  const std::size_t mark = target.find('?');
  if (kind_ != Kind::kQuery || mark == std::string::npos) return target;
  std::string kept;
  bool there = false;
  std::string_view rest = std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (broker::PercentDecoded(pair.substr(0, pair.find('='))) == "api_key") {
      there = true;
    } else {
      kept.append(kept.empty() ? "?" : "&").append(pair);
    }
  }
  return there ? target.substr(0, mark) + kept : target;
}

Verdict Credential::Apply(const std::string& placeholder_value, Outgoing* outgoing) const {
  if (kind_ == Kind::kNone) return Verdict::kMust;
  Verdict verdict = JudgeSecret(secret_);
  if (!user_.empty()) verdict = Worse(verdict, JudgeSecret(user_));
  const auto fill = [&](const std::string& value) {
    bool filled = false;
    for (auto& header : outgoing->headers) {
      if (header.second != placeholder_value) continue;
      header.second = value;
      filled = true;
    }
    // Without the placeholder the secret is not used, whatever it is.
    return filled ? verdict : Verdict::kMust;
  };
  switch (kind_) {
    case Kind::kBearer:
      return Worse(verdict, Add("authorization", "Bearer " + secret_, outgoing));
    case Kind::kHeader:
      return Worse(verdict, Add("x-api-key", "Key " + secret_, outgoing));
    case Kind::kBasic:
      return Worse(verdict, Add("authorization", "Basic " + Base64Of(user_ + ":" + secret_), outgoing));
    case Kind::kHmac: {
      const std::string message = outgoing->method + "\n" + outgoing->target + "\n" + outgoing->body;
      return Worse(verdict, Add("x-signature", HmacHex(secret_, message), outgoing));
    }
    case Kind::kQuery: {
      std::string& target = outgoing->target;
      verdict = Worse(verdict, JudgeQuery(target, "api_key"));
      const bool glued = target.ends_with('?') || target.ends_with('&');
      target += target.find('?') == std::string::npos ? "?" : glued ? "" : "&";
      target += "api_key=" + broker::PercentEncoded(secret_);
      return verdict;
    }
    case Kind::kPlaceholder:
      return fill(placeholder_value.substr(0, placeholder_value.find("wrd_")) + secret_);
    case Kind::kBasicPlaceholder:
      return fill("Basic " + Base64Of("someone:" + secret_));
    case Kind::kNone:
      break;
  }
  return verdict;
}

std::shared_ptr<const Hand> Hand::Deal(Random* random, const Origins& origins) {
  auto hand = std::make_shared<Hand>();
  hand->tenant = "tenant-" + std::to_string(random->Below(4));
  std::vector<broker::Capabilities::Named> named;
  for (std::size_t i = 0; i < kCards; ++i) {
    hand->cards.push_back({Credential::Make(random, origins), "", ""});
    named.push_back({"connection-" + std::to_string(i), hand->cards.back().credential.connection()});
  }
  auto plain = broker::Policy::FromOrigins({"http://" + origins.plain, "http://" + origins.named});
  auto capabilities = broker::Capabilities::Make(std::make_shared<const broker::Policy>(plain.value()), named);
  hand->capabilities = capabilities.value();
  for (std::size_t i = 0; i < kCards; ++i) {
    hand->cards[i].handle = hand->capabilities->connections()[i]->handle();
    for (const auto& placeholder : hand->capabilities->placeholders().all()) {
      if (placeholder.stands_for.connection == "connection-" + std::to_string(i)) {
        hand->cards[i].placeholder = placeholder.text;
      }
    }
  }
  return hand;
}

}  // namespace warder::wire

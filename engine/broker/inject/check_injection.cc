#include <algorithm>
#include <string>
#include <vector>

#include "engine/broker/ascii.h"
#include "engine/broker/inject/message_template.h"
#include "engine/broker/inject/sign.h"
#include "sandbox/base/utf8.h"

namespace warder::broker {
namespace {

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxPrefixBytes = 256;
constexpr std::size_t kMaxClaimBytes = 1024;
// Google's bound, the lowest of those in use (RFC 7523 section 3 leaves it to the server).
constexpr std::chrono::hours kMaxLifetime{1};

Result<void> CheckHeaderName(std::string_view member, std::string_view name) {
  const std::string where(member);
  if (!IsToken(name) || name.size() > kMaxNameBytes || LowerCase(name) != name) {
    return InvalidInput(where + " must name a header in lower case (RFC 9110 section 5.1)");
  }
  if (const HeaderRule* rule = FindRefusal(name)) {
    return InvalidInput(where + " names " + std::string(name) + ", which cannot be set: " + std::string(rule->reason));
  }
  return {};
}

Result<void> CheckPrefix(std::string_view prefix) {
  const bool printable = std::all_of(prefix.begin(), prefix.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (printable && prefix.size() <= kMaxPrefixBytes && !prefix.starts_with(' ')) return {};
  return InvalidInput("prefix must have at most 256 printable ASCII characters, and no blank in front");
}

Result<void> CheckField(std::string_view member, std::string_view field) {
  if (!field.empty() && field.size() <= kMaxNameBytes) return {};
  return InvalidInput(std::string(member) + " must name a field of the credential");
}

Result<void> CheckClaim(std::string_view member, std::string_view value) {
  if (value.size() <= kMaxClaimBytes && !FindInvalidUtf8(value)) return {};
  return InvalidInput(std::string(member) + " must be UTF-8 of at most 1024 bytes");
}

// As it stands in the credential's scope.
Result<void> CheckScope(std::string_view member, std::string_view value) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!value.empty() && value.size() <= kMaxNameBytes && std::all_of(value.begin(), value.end(), allowed)) return {};
  return InvalidInput(std::string(member) + R"( must be lower-case letters, digits and hyphens, as in "us-east-1")");
}

// The first that failed.
Result<void> All(std::initializer_list<Result<void>> checks) {
  for (const Result<void>& check : checks) {
    if (!check) return check;
  }
  return {};
}

Result<void> Check(const HeaderInjection& injection) {
  return All(
      {CheckHeaderName("name", injection.name), CheckPrefix(injection.prefix), CheckField("field", injection.field)});
}

Result<void> Check(const QueryInjection& injection) {
  const bool visible =
      std::all_of(injection.name.begin(), injection.name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!visible || injection.name.empty() || injection.name.size() > kMaxNameBytes) {
    return InvalidInput("name must be a query parameter's: 1 to 256 visible ASCII characters");
  }
  return CheckField("field", injection.field);
}

Result<void> Check(const BasicInjection& injection) {
  if (!injection.user_field.empty() || !injection.password_field.empty()) return {};
  return InvalidInput("user_field and password_field are both empty: there is nothing to inject");
}

Result<void> Check(const HmacInjection& injection) {
  if (auto checked = All({CheckHeaderName("header", injection.header), CheckPrefix(injection.prefix),
                          CheckField("field", injection.field)});
      !checked) {
    return checked;
  }
  const auto compiled = MessageTemplate::Compile(injection.message);
  if (!compiled) return compiled.error();
  std::vector<std::string_view> names = {injection.header};
  const auto sent = [&](std::string_view member, std::string_view name, MessageTemplate::Part part) -> Result<void> {
    if (name.empty() && compiled->Uses(part)) {
      return InvalidInput(std::string(member) + " is empty, but the message holds what the other side must be sent");
    }
    if (name.empty()) return {};
    if (auto checked = CheckHeaderName(member, name); !checked) return checked;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return InvalidInput(std::string(member) + " names a header that the injection sets already");
    }
    names.push_back(name);
    return {};
  };
  if (auto checked = sent("timestamp_header", injection.timestamp_header, MessageTemplate::Part::kTimestamp);
      !checked) {
    return checked;
  }
  return sent("nonce_header", injection.nonce_header, MessageTemplate::Part::kNonce);
}

Result<void> Check(const AwsSigV4Injection& injection) {
  return All({CheckScope("region", injection.region), CheckScope("service", injection.service),
              CheckField("access_key_field", injection.access_key_field),
              CheckField("secret_key_field", injection.secret_key_field)});
}

Result<void> Check(const JwtInjection& injection) {
  if (injection.issuer.empty()) return InvalidInput("issuer must say who issues the token (the claim iss)");
  if (injection.lifetime.count() < 1 || injection.lifetime > kMaxLifetime) {
    return InvalidInput("lifetime must be 1 to 3600 seconds");
  }
  return All({CheckField("key_field", injection.key_field), CheckClaim("key_id", injection.key_id),
              CheckClaim("issuer", injection.issuer), CheckClaim("subject", injection.subject),
              CheckClaim("audience", injection.audience)});
}

}  // namespace

Result<void> CheckInjection(const Injection& injection) {
  return std::visit([](const auto& one) { return Check(one); }, injection);
}

}  // namespace warder::broker

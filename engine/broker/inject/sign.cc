#include "engine/broker/inject/sign.h"

#include <algorithm>
#include <utility>

#include "engine/base/base64.h"
#include "engine/base/text.h"
#include "engine/broker/ascii.h"
#include "engine/broker/inject/aws_sigv4.h"
#include "engine/broker/inject/jws.h"
#include "engine/broker/inject/jwt.h"
#include "engine/broker/inject/mac.h"
#include "engine/broker/inject/message_template.h"
#include "engine/broker/inject/secret_text.h"
#include "engine/broker/percent.h"

namespace warder::broker {
namespace {

constexpr std::string_view kAuthorization = "authorization";
constexpr std::size_t kNonceBytes = 32;

// How the most lenient reader compares the names of headers: CGI and its relatives make "_" of "-".
std::string Folded(std::string_view name) {
  std::string folded = LowerCase(name);
  std::replace(folded.begin(), folded.end(), '_', '-');
  return folded;
}

Result<void> CheckAbsent(const HeaderList& headers, std::string_view name) {
  const bool present = std::any_of(headers.begin(), headers.end(),
                                   [&](const auto& header) { return Folded(header.first) == Folded(name); });
  if (!present) return {};
  return Refused("the connection sets the header " + std::string(name) + "; leave it out of the request");
}

// Whether `name` is `wanted` after 0 to 3 rounds of decoding. Nothing: there is still something left to decode then.
std::optional<bool> IsSpelling(std::string_view name, std::string_view wanted) {
  std::string current(name);
  for (int round = 0; round <= 3; ++round) {
    if (EqualsIgnoreCase(current, wanted)) return true;
    std::string decoded = PercentDecoded(current);
    if (decoded == current) return false;
    current = std::move(decoded);
  }
  return std::nullopt;
}

// Some servers take ';' for '&', and leave the case of a name out of account.
Result<void> CheckAbsentInQuery(std::string_view target, std::string_view name) {
  const std::size_t path_end = std::min(target.find('?'), target.size());
  const std::string_view query = target.substr(std::min(path_end + 1, target.size()));
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find_first_of("&;", begin), query.size());
    const std::string_view parameter = query.substr(begin, end - begin);
    const auto is_it = IsSpelling(parameter.substr(0, parameter.find('=')), name);
    if (!is_it) return Refused("the query has a name that is percent-encoded more than three times");
    if (*is_it) {
      return Refused("the connection sets the query parameter " + std::string(name) + "; leave it out of the URL");
    }
    begin = end + 1;
  }
  return {};
}

// The part of an Injected that an injection makes, into `injected`.
class Maker {
 public:
  Maker(const SecretFields& fields, const SigningRequest& request, Injected* injected)
      : fields_(fields), request_(request), injected_(injected) {}

  Result<void> operator()(const HeaderInjection& injection) const {
    if (auto absent = CheckAbsent(request_.headers, injection.name); !absent) return absent;
    const auto value = FieldText(fields_, injection.field);
    if (!value) return value.error();
    Add(injection.name, Secret::Join({injection.prefix, *value}));
    return {};
  }

  Result<void> operator()(const QueryInjection& injection) const {
    const std::string_view target = request_.url.target;
    if (auto absent = CheckAbsentInQuery(target, injection.name); !absent) return absent;
    const auto value = FieldText(fields_, injection.field);
    if (!value) return value.error();
    std::string text = PercentEncoded(*value);
    const Secret encoded = Secret::Take(&text);
    const std::string_view glue = target.find('?') == std::string_view::npos       ? "?"
                                  : target.ends_with('?') || target.ends_with('&') ? ""
                                                                                   : "&";
    injected_->target = Secret::Join({target, glue, PercentEncoded(injection.name), "=", encoded.view()});
    if (injected_->target.view().size() <= kMaxUrlBytes) return {};
    return Refused("the URL is too long with the query parameter that the connection adds");
  }

  Result<void> operator()(const BasicInjection& injection) const {
    if (auto absent = CheckAbsent(request_.headers, kAuthorization); !absent) return absent;
    const auto user = Optional(injection.user_field);
    if (!user) return user.error();
    const auto password = Optional(injection.password_field);
    if (!password) return password.error();
    auto blob = BasicBlob(*user, *password);
    if (!blob) {
      return InvalidInput("the credential's field \"" + injection.user_field + "\" " + blob.error().message);
    }
    Add(kAuthorization, Secret::Join({"Basic ", blob->view()}));
    injected_->derived.push_back(std::move(*blob));
    return {};
  }

  Result<void> operator()(const HmacInjection& injection) const {
    for (const std::string* name : {&injection.header, &injection.timestamp_header, &injection.nonce_header}) {
      if (auto absent = CheckAbsent(request_.headers, *name); !absent) return absent;
    }
    const auto key = FieldText(fields_, injection.field);
    if (!key) return key.error();
    const auto compiled = MessageTemplate::Compile(injection.message);
    if (!compiled) return compiled.error();
    const auto message = compiled->Render(request_);
    if (!message) return message.error();
    Secret signature = Encoded(injection.encoding, Hmac(injection.hash, *key, *message).view());
    Add(injection.header, Secret::Join({injection.prefix, signature.view()}));
    if (!injection.timestamp_header.empty()) Add(injection.timestamp_header, Secret(TimestampOf(request_.now)));
    if (!injection.nonce_header.empty()) Add(injection.nonce_header, Secret(request_.nonce));
    injected_->derived.push_back(std::move(signature));
    return {};
  }

  Result<void> operator()(const AwsSigV4Injection& injection) const {
    for (const std::string_view name : AwsSigV4Headers()) {
      if (auto absent = CheckAbsent(request_.headers, name); !absent) return absent;
    }
    return SignAwsSigV4(injection, fields_, request_, injected_);
  }

  Result<void> operator()(const JwtInjection& injection) const {
    if (auto absent = CheckAbsent(request_.headers, kAuthorization); !absent) return absent;
    const auto key = HasPemKey(injection.algorithm) ? FieldPem(fields_, injection.key_field)
                                                    : FieldText(fields_, injection.key_field);
    if (!key) return key.error();
    auto jwt = MakeJwt(injection, *key, request_.now, request_.nonce);
    if (!jwt) {
      return InvalidInput("the credential's field \"" + injection.key_field +
                          "\" cannot be used: " + jwt.error().message);
    }
    Add(kAuthorization, Secret::Join({"Bearer ", jwt->token.view()}));
    injected_->derived.push_back(std::move(jwt->token));
    injected_->derived.push_back(std::move(jwt->signature));
    return {};
  }

 private:
  void Add(std::string_view name, Secret value) const {
    injected_->headers.push_back({std::string(name), std::move(value)});
  }

  // A field that need not be named.
  Result<std::string_view> Optional(const std::string& field) const {
    if (field.empty()) return std::string_view();
    return FieldText(fields_, field);
  }

  static Secret Encoded(HmacInjection::Encoding encoding, std::string_view bytes) {
    std::string text = encoding == HmacInjection::Encoding::kHex      ? HexOf(bytes)
                       : encoding == HmacInjection::Encoding::kBase64 ? Base64Of(bytes)
                                                                      : Base64UrlOf(bytes);
    return Secret::Take(&text);
  }

  const SecretFields& fields_;
  const SigningRequest& request_;
  Injected* injected_;
};

}  // namespace

Result<Secret> BasicBlob(std::string_view user, std::string_view password) {
  if (user.find(':') != std::string_view::npos) {
    return InvalidInput("holds a colon, which would end the user name (RFC 7617)");
  }
  const Secret both = Secret::Join({user, ":", password});
  std::string text = Base64Of(both.view());
  return Secret::Take(&text);
}

bool NeedsBody(const Injection& injection, const Origin& origin) {
  if (const auto* hmac = std::get_if<HmacInjection>(&injection)) {
    const auto compiled = MessageTemplate::Compile(hmac->message);
    return compiled && compiled->Uses(MessageTemplate::Part::kBody);
  }
  const auto* aws = std::get_if<AwsSigV4Injection>(&injection);
  return aws != nullptr && !MayStayUnsigned(*aws, origin);
}

Result<Injected> Inject(const Injection& injection, const SecretFields& fields, const SigningRequest& request) {
  if (auto checked = CheckInjection(injection); !checked) return checked.error();
  const bool hex = std::all_of(request.nonce.begin(), request.nonce.end(), [](char c) { return HexValue(c) >= 0; });
  if (!hex || request.nonce.size() != kNonceBytes) return Internal("a nonce has 32 hexadecimal digits");
  Injected injected;
  injected.target = Secret(request.url.target);
  if (auto made = std::visit(Maker(fields, request, &injected), injection); !made) return made.error();
  return injected;
}

}  // namespace warder::broker

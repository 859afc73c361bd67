#include "engine/broker/inject/jwt.h"

#include <boost/json/serialize.hpp>
#include <string>

#include "engine/base/base64.h"
#include "engine/broker/inject/jws.h"

namespace warder::broker {
namespace {

// The token's header and claims (RFC 7519 section 4.1), as they are signed.
std::string SigningInput(const JwtInjection& contents, std::chrono::system_clock::time_point when,
                         std::string_view nonce, const boost::json::object& more) {
  namespace json = boost::json;
  json::object header = {{"alg", NameOf(contents.algorithm)}, {"typ", "JWT"}};
  if (!contents.key_id.empty()) header["kid"] = contents.key_id;
  const auto now = std::chrono::floor<std::chrono::seconds>(when.time_since_epoch());
  json::object claims = {{"iss", contents.issuer}};
  if (!contents.subject.empty()) claims["sub"] = contents.subject;
  if (!contents.audience.empty()) claims["aud"] = contents.audience;
  claims["iat"] = now.count();
  claims["exp"] = (now + contents.lifetime).count();
  claims["jti"] = nonce;
  for (const auto& [name, value] : more) claims[name] = value;
  return Base64UrlOf(json::serialize(header)) + "." + Base64UrlOf(json::serialize(claims));
}

}  // namespace

Result<Jwt> MakeJwt(const JwtInjection& contents, std::string_view key, std::chrono::system_clock::time_point now,
                    std::string_view nonce, const boost::json::object& more) {
  const std::string input = SigningInput(contents, now, nonce, more);
  auto raw = JwsSignature(contents.algorithm, key, input);
  if (!raw) return raw.error();
  std::string text = Base64UrlOf(*raw);
  WipeString(&*raw);
  Secret signature = Secret::Take(&text);
  Secret token = Secret::Join({input, ".", signature.view()});
  return Jwt{std::move(token), std::move(signature)};
}

}  // namespace warder::broker

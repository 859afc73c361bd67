// How a connection's credential gets into a request: what a policy declares, as data.
//
// A credential is a set of named fields (SecretFields); an injection names the fields that it uses and the place where
// the result stands. The script never sees either. sign.h carries an injection out; policy/ reads it from text.
#pragma once

#include <chrono>
#include <string>
#include <variant>

namespace warder::broker {

// `name: <prefix><field>`. A bearer token is {"authorization", "Bearer ", field}.
struct HeaderInjection {
  std::string name;  // lower-case token
  std::string prefix;
  std::string field;
  bool operator==(const HeaderInjection&) const = default;
};

// `?name=<field>`, percent-encoded, behind the script's own parameters. A script that sets `name` itself is refused.
struct QueryInjection {
  std::string name;
  std::string field;
  bool operator==(const QueryInjection&) const = default;
};

// RFC 7617. Either field may be empty: the part is then empty (as with an API key as user name and no password).
struct BasicInjection {
  std::string user_field;
  std::string password_field;
  bool operator==(const BasicInjection&) const = default;
};

// A keyed hash (RFC 2104) over a text made from the request. The template holds `{method}`, `{origin}`, `{path}` (with
// the query), `{body}`, `{timestamp}` (seconds since the epoch), `{nonce}` (32 hex digits) and `{header:NAME}` (a
// header of the script); `{{` and `}}` are braces, `\n` is a line feed, `\\` is a backslash.
struct HmacInjection {
  enum class Hash { kSha1, kSha256, kSha512 } hash = Hash::kSha256;
  enum class Encoding { kHex, kBase64, kBase64Url } encoding = Encoding::kHex;
  std::string header;  // lower-case; its value is prefix + encoded hash
  std::string prefix;
  std::string message;           // the template
  std::string timestamp_header;  // lower-case; empty: none is sent
  std::string nonce_header;      // likewise
  std::string field;
  bool operator==(const HmacInjection&) const = default;
};

// AWS Signature Version 4 in the Authorization header.
struct AwsSigV4Injection {
  std::string region;
  std::string service;
  std::string access_key_field;
  std::string secret_key_field;
  std::string session_token_field;  // empty: none
  bool operator==(const AwsSigV4Injection&) const = default;
};

// `Authorization: Bearer <JWT>`, signed for each request and short-lived (RFC 7519; RFC 7523 for the claims).
struct JwtInjection {
  enum class Algorithm { kRs256, kEs256, kEdDsa, kHs256 } algorithm = Algorithm::kRs256;
  std::string key_field;  // PEM private key (PKCS #8), or the shared secret of HS256
  std::string key_id;     // "kid"; empty: none
  std::string issuer;
  std::string subject;   // empty: none
  std::string audience;  // empty: none
  std::chrono::seconds lifetime{300};
  bool operator==(const JwtInjection&) const = default;
};

using Injection =
    std::variant<HeaderInjection, QueryInjection, BasicInjection, HmacInjection, AwsSigV4Injection, JwtInjection>;

}  // namespace warder::broker

// Credentials for SDKs that know nothing of connections: a script is given a placeholder for a field, hands it to the
// SDK as if it were the key, and the broker puts the field in its place in the requests that the SDK sends.
//
// A placeholder is "wrd_" and 32 characters of base64url, random for each execution; it is no secret, it opens nothing.
// It is replaced only where its connection allows it, on a request to an origin of that connection. Anywhere else, in
// any spelling, the request is refused: an SDK that puts its key somewhere else would fail anyhow, and a script that
// sends its placeholders around has something in mind.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/secret.h"
#include "engine/broker/canonical_url.h"
#include "engine/broker/request_headers.h"
#include "sandbox/base/result.h"

namespace warder::broker {

// Where a placeholder may stand.
struct PlaceholderSite {
  enum class Kind { kHeader, kBasicUser, kBasicPassword } kind = Kind::kHeader;
  std::string header;  // of kHeader: its name, lower-case
  std::string prefix;  // of kHeader: what may stand before it, besides nothing, "Bearer " and "token "; may be empty
  bool operator==(const PlaceholderSite&) const = default;
};

struct PlaceholderField {
  std::string connection;
  std::string field;
  std::vector<PlaceholderSite> sites;
};

struct Placeholder {
  std::string text;
  PlaceholderField stands_for;
};

// A request as the script made it.
struct PlaceholderRequest {
  std::string_view method;
  const CanonicalUrl& url;
  const HeaderList& headers;
  std::function<bool(std::string_view connection)> is_origin_of;  // whether the URL's origin is one of the connection's
};

// What is to be replaced in a request: all of it from one connection's credential.
struct PlaceholderUse {
  struct Header {
    std::size_t index = 0;  // in the request's headers
    std::string before;     // what stands before the placeholder or the base64, as the script wrote it
    bool basic = false;
    std::string field;                       // where not `basic`
    std::string user, password;              // where `basic`: the script's own part,
    std::string user_field, password_field;  // or the field in its place
  };
  std::string connection;
  std::vector<Header> headers;
};

struct FilledHeaders {
  struct Header {
    std::size_t index = 0;
    Secret value;
  };
  std::vector<Header> headers;  // the values to send instead of the script's
  std::vector<Secret> derived;  // what else must be scrubbed from the response: Basic blobs
};

class Placeholders {
 public:
  static constexpr std::size_t kRandomBytes = 24;
  static constexpr std::size_t kBytes = 36;
  static constexpr std::size_t kMaxPrefixBytes = 32;
  static constexpr std::size_t kMaxFields = 256;

  // `random` holds kRandomBytes for each field, from a CSPRNG.
  static Result<Placeholders> Make(std::vector<PlaceholderField> fields, std::string_view random);

  const std::vector<Placeholder>& all() const { return placeholders_; }

  // The first placeholder in `text` as it stands, in any case; nullptr: none.
  const Placeholder* FirstIn(std::string_view text) const;

  // Nothing: the request holds no placeholder. Refused, with connection, field and place: one that stands where it is
  // not replaced, another origin's, a second connection's. Looks into percent-encoding (four times) and Basic's base64.
  Result<std::optional<PlaceholderUse>> Find(const PlaceholderRequest& request) const;

  // The refusal of a placeholder in `place` ("the request's body").
  static Error Refusal(const Placeholder& placeholder, std::string_view place);

 private:
  struct Findings {
    std::vector<std::pair<const Placeholder*, std::string>> placeholders;  // each with its place
    std::vector<PlaceholderUse::Header> headers;
  };

  const Placeholder* InAnySpelling(std::string_view text) const;
  Result<void> FindInHeader(std::size_t index, const HeaderList& headers, Findings* findings) const;
  Result<bool> FindInBasic(std::size_t index, const HeaderList& headers, Findings* findings) const;

  std::vector<Placeholder> placeholders_;
  std::map<std::string, std::size_t, std::less<>> by_lower_;  // what follows "wrd_", in lower case
};

// Puts the fields of `use.connection` in. Invalid input: a field that is missing or cannot be used (see secret_text.h).
Result<FilledHeaders> FillPlaceholders(const PlaceholderUse& use, const SecretFields& fields);

}  // namespace warder::broker

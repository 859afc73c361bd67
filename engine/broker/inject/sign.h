// Carrying out an injection: from a request that is about to be sent and a credential to what must be added to it.
//
// Nothing here reads a clock, a file or a source of randomness. The same request and credential give the same result,
// but for ECDSA's. Errors are sentences for whoever wrote the policy, the credential or the script; none holds a
// secret.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/secret.h"
#include "engine/broker/canonical_url.h"
#include "engine/broker/inject/injection.h"
#include "engine/broker/request_headers.h"
#include "sandbox/base/result.h"

namespace warder::broker {

// Borrows everything; what it points at outlives the call.
struct SigningRequest {
  std::string_view method;
  const CanonicalUrl& url;
  const HeaderList& headers;             // the script's, as they will be sent
  std::optional<std::string_view> body;  // nothing: it is streamed and not at hand; "": there is none
  std::chrono::system_clock::time_point now;
  std::string_view nonce;  // 32 hexadecimal digits, never used before
};

struct InjectedHeader {
  std::string name;  // lower-case
  Secret value;
};

struct Injected {
  std::vector<InjectedHeader> headers;  // to add to the script's; none of them has the name of one of the script's
  Secret target;                        // path and query as they go on the wire; the URL's, but for a QueryInjection
  // What was made of the credential and must be scrubbed from the response like the credential's fields themselves: the
  // Basic blob, signatures, the JWT.
  std::vector<Secret> derived;
};

// Whether the injection can be carried out at all, whatever the request and the credential. For the reader of a policy:
// an error names the member that is wrong, and the column within a template.
Result<void> CheckInjection(const Injection& injection);

// Whether Inject needs the whole body of a request to `origin`; the caller then holds it back, up to a bound of its
// own.
bool NeedsBody(const Injection& injection, const Origin& origin);

// Refused: a request that itself sets what is injected, one without the body that NeedsBody asks for. Invalid input: an
// injection that CheckInjection refuses, a credential without a field or with one that cannot be used.
Result<Injected> Inject(const Injection& injection, const SecretFields& fields, const SigningRequest& request);

// The base64 of user and password, as it follows "Basic " (RFC 7617). Refused: a colon in the user name.
Result<Secret> BasicBlob(std::string_view user, std::string_view password);

}  // namespace warder::broker

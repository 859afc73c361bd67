// AWS Signature Version 4 ("Create a signed AWS API request" in AWS's IAM User Guide), in the Authorization header.
//
// What is signed is what goes on the wire: the URL's target is signed as it stands, never rewritten. S3 and its
// relatives read it in their own way (Amazon S3 API Reference, "Authenticating Requests"): the path is neither encoded
// a second time nor are its slashes merged, and the payload's hash is sent as x-amz-content-sha256.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/broker/inject/injection.h"
#include "engine/broker/inject/sign.h"
#include "sandbox/base/result.h"

namespace warder::broker {

// Whether `service` signs in S3's way.
bool IsS3(std::string_view service);

// Whether a body that is streamed stays out of the signature: S3's do, over https, where TLS keeps it as it is.
bool MayStayUnsigned(const AwsSigV4Injection& injection, const Origin& origin);

// The headers that are injected, so that a script may not set them. The security token's is among them also where there
// is none: a request has one identity.
std::span<const std::string_view> AwsSigV4Headers();

// Adds the headers to `injected`, and the signature to what is derived. Refused: a query that signs the request itself
// (X-Amz-Signature and its relatives), or that has a bare "+", which is a blank to some and a plus sign to others.
Result<void> SignAwsSigV4(const AwsSigV4Injection& injection, const SecretFields& fields, const SigningRequest& request,
                          Injected* injected);

}  // namespace warder::broker

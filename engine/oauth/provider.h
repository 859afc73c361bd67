// An authorization server as one client sees it: its metadata, and who the client is there.
#pragma once

#include <string>

#include "engine/base/secret.h"
#include "engine/broker/inject/injection.h"
#include "engine/oauth/metadata.h"
#include "sandbox/base/result.h"

namespace warder::oauth {

// How the client shows at the token, revocation and device endpoints who it is (RFC 6749 section 2.3).
enum class ClientAuthentication {
  kNone,           // a public client: only its id
  kSecretBasic,    // client_secret_basic
  kSecretPost,     // client_secret_post
  kPrivateKeyJwt,  // private_key_jwt (RFC 7523 section 2.2)
};

// "client_secret_basic", as in metadata.
std::string_view NameOf(ClientAuthentication authentication);

struct ClientRegistration {
  std::string id;  // empty: there is no client; a JWT bearer grant says itself who asks (RFC 7521 section 4.1)
  ClientAuthentication authentication = ClientAuthentication::kNone;
  Secret secret;  // the client's secret, or its private key in PEM
  // Of kPrivateKeyJwt.
  broker::JwtInjection::Algorithm algorithm = broker::JwtInjection::Algorithm::kEs256;
  std::string key_id;
  // Whom the assertion is for; empty: the issuer. Nothing that metadata names: a server that names another one's
  // endpoint as its own would get assertions that the other one takes.
  std::string audience;
};

struct Provider {
  ServerMetadata server;
  ClientRegistration client;
};

// Whether there has to be a client at all.
enum class ClientNeed { kNeeded, kOptional };

// Both parts can be used together: the server, where it says which ways of authentication it takes, takes this one; the
// client has what its way needs and nothing else.
Result<void> CheckProvider(const Provider& provider, ClientNeed need = ClientNeed::kNeeded);

}  // namespace warder::oauth

// The real authorization server of the tests (server.mjs) as a child process, and a person's browser.
#pragma once

#include <sys/types.h>

#include <string>

#include "engine/base/secret.h"

namespace warder::oauth::testing {

class OidcServer {
 public:
  // Runs `node FILE CONFIG` and waits until it listens. Throws where it does not.
  OidcServer(const std::string& file, const std::string& config);
  ~OidcServer();
  OidcServer(const OidcServer&) = delete;
  OidcServer& operator=(const OidcServer&) = delete;
  OidcServer(OidcServer&&) = delete;
  OidcServer& operator=(OidcServer&&) = delete;

  const std::string& issuer() const { return issuer_; }

 private:
  pid_t child_ = -1;
  int input_ = -1;  // it ends when this closes
  std::string issuer_;
};

// A key of the curve P-256.
struct SigningKey {
  static SigningKey Make();

  Secret pem;
  std::string public_jwk;
};

// Gets `url`, with cookies, from redirect to redirect; the status of the last answer. Blocks: a thread of its own. With
// a token: as its bearer.
long Browse(const std::string& url, const std::string& bearer = {});

// The same until it is sent to a URL that begins with `end`, which is returned and not gotten; "": it was not.
std::string BrowseUntil(const std::string& url, const std::string& end);

}  // namespace warder::oauth::testing

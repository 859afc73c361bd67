#include "engine/oauth/pkce.h"

#include "engine/base/base64.h"
#include "engine/base/sha256.h"
#include "engine/base/text.h"

namespace warder::oauth {

Secret NewRandomSecret() {
  std::string bytes = RandomBytes(kRandomSecretBytes);
  const WipeAtEnd wipe(&bytes);
  std::string text = Base64UrlOf(bytes);
  return Secret::Take(&text);
}

std::string ChallengeOf(const Secret& verifier) {
  Sha256 hash;
  hash.Update(verifier.view());
  return Base64UrlOf(hash.Digest());
}

}  // namespace warder::oauth

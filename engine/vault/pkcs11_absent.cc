// A build without libp11 (-Dpkcs11=disabled).
#include "engine/vault/pkcs11_key.h"

namespace warder::vault {

Result<std::unique_ptr<KeyEncryption>> OpenPkcs11Key(const Pkcs11Options&) {
  return Unenforceable("vault-pkcs11",
                       "this build of Warder has no PKCS#11; build it with libp11, or use a key in a file");
}

}  // namespace warder::vault

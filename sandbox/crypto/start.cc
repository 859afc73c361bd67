#include "sandbox/crypto/start.h"

#include <openssl/crypto.h>

#include <array>
#include <stdexcept>
#include <string>

#include "sandbox/crypto/key.h"
#include "sandbox/crypto/key_format.h"
#include "sandbox/crypto/openssl.h"
#include "sandbox/crypto/seed_provider.h"

namespace warder::crypto {
namespace {

constexpr std::array kHashNames = {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"};
static_assert(kHashNames.size() == kHashes);

Algorithms fetched;

void Require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("OpenSSL does not start: ") + what);
}

// OpenSSL finds all implementations of an operation when it first looks for one of them, and decoders most slowly of
// all; in the zygote that is paid once for all cells.
void WarmUp() {
  Require(Owned<EVP_CIPHER, EVP_CIPHER_free>(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) != nullptr, "no AES");
  Require(Owned<EVP_SIGNATURE, EVP_SIGNATURE_free>(EVP_SIGNATURE_fetch(nullptr, "RSA", nullptr)) != nullptr, "no RSA");
  Require(Owned<EVP_ASYM_CIPHER, EVP_ASYM_CIPHER_free>(EVP_ASYM_CIPHER_fetch(nullptr, "RSA", nullptr)) != nullptr,
          "no RSA-OAEP");
  Require(Owned<EVP_KEYEXCH, EVP_KEYEXCH_free>(EVP_KEYEXCH_fetch(nullptr, "ECDH", nullptr)) != nullptr, "no ECDH");
  static constexpr unsigned char kOne[32] = {1};
  const auto ed25519 = ImportRawPrivate(Family::kEd25519, kOne);
  Require(ed25519.has_value(), "no Ed25519");
  const auto der = ExportDer(*ed25519, Part::kPrivate);
  Require(der && ImportDer(Family::kEd25519, Part::kPrivate, *der), "no PKCS #8");
  const auto spki = ExportDer(*ed25519, Part::kPublic);
  Require(spki && ImportDer(Family::kEd25519, Part::kPublic, *spki), "no SubjectPublicKeyInfo");
}

}  // namespace

void StartOpenSsl() {
  const NoErrors cleared;
  Require(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) == 1, "initialisation");
  // Loaded by name, so that nothing is loaded by default: neither is unloaded while the process lives.
  Require(OSSL_PROVIDER_load(nullptr, "default") != nullptr, "the default provider");
  Require(InstallSeedProvider(), "the source of randomness");
  for (std::size_t i = 0; i < kHashes; ++i) {
    fetched.hashes[i] = EVP_MD_fetch(nullptr, kHashNames[i], nullptr);
    Require(fetched.hashes[i] != nullptr, kHashNames[i]);
  }
  fetched.hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  fetched.hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  fetched.pbkdf2 = EVP_KDF_fetch(nullptr, "PBKDF2", nullptr);
  Require(fetched.hmac != nullptr && fetched.hkdf != nullptr && fetched.pbkdf2 != nullptr, "HMAC, HKDF, PBKDF2");
  WarmUp();
}

const Algorithms& Fetched() { return fetched; }

const char* HashName(Hash hash) { return kHashNames[static_cast<std::size_t>(hash)]; }

}  // namespace warder::crypto

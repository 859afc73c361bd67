#include "engine/broker/inject/jws.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>
#include <new>

#include "engine/broker/inject/mac.h"

namespace warder::broker {
namespace {

using Algorithm = JwtInjection::Algorithm;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;

constexpr int kMinRsaBits = 2048;
constexpr std::size_t kMinSharedBytes = 32;
constexpr std::size_t kP256Bytes = 32;

// Whatever fails, nothing of it is left for the next reader of this thread's queue.
struct ClearedErrors {
  ClearedErrors() = default;
  ClearedErrors(const ClearedErrors&) = delete;
  ClearedErrors& operator=(const ClearedErrors&) = delete;
  ~ClearedErrors() { ERR_clear_error(); }
};

// OpenSSL would ask on the terminal otherwise.
int NoPassword(char*, int, int, void*) { return -1; }

Key ReadKey(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  if (!bio) throw std::bad_alloc();
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free};
}

bool IsP256(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

Result<void> CheckKey(Algorithm algorithm, const EVP_PKEY* key) {
  if (key == nullptr) return InvalidInput("it is not an unencrypted private key in PEM (-----BEGIN PRIVATE KEY-----)");
  if (algorithm == Algorithm::kRs256) {
    if (EVP_PKEY_is_a(key, "RSA") != 1) return InvalidInput("it is not an RSA key, as RS256 needs");
    if (EVP_PKEY_get_bits(key) < kMinRsaBits) return InvalidInput("the RSA key has less than 2048 bits");
  } else if (algorithm == Algorithm::kEs256) {
    if (!IsP256(key)) return InvalidInput("it is not a key on the curve P-256, as ES256 needs");
  } else if (EVP_PKEY_is_a(key, "ED25519") != 1) {
    return InvalidInput("it is not an Ed25519 key, as EdDSA needs");
  }
  return {};
}

// OpenSSL's ECDSA signature is DER (RFC 3279 section 2.2.3).
std::string RawEcdsa(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())), ECDSA_SIG_free);
  std::array<unsigned char, 2 * kP256Bytes> raw{};
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kP256Bytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kP256Bytes, kP256Bytes) < 0) {
    throw std::bad_alloc();  // what OpenSSL has just written for this curve
  }
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

}  // namespace

std::string_view NameOf(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRs256:
      return "RS256";
    case Algorithm::kEs256:
      return "ES256";
    case Algorithm::kEdDsa:
      return "EdDSA";
    case Algorithm::kHs256:
      return "HS256";
  }
  return {};
}

bool HasPemKey(Algorithm algorithm) { return algorithm != Algorithm::kHs256; }

Result<std::string> JwsSignature(Algorithm algorithm, std::string_view key, std::string_view input) {
  if (!HasPemKey(algorithm)) {
    if (key.size() < kMinSharedBytes) return InvalidInput("HS256 needs a shared secret of 32 bytes or more");
    return std::string(Hmac(HmacInjection::Hash::kSha256, key, input).view());
  }
  const ClearedErrors cleared;
  const Key pkey = ReadKey(key);
  if (auto checked = CheckKey(algorithm, pkey.get()); !checked) return checked.error();
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context) throw std::bad_alloc();
  const char* digest = algorithm == Algorithm::kEdDsa ? nullptr : "SHA256";
  const auto* message = reinterpret_cast<const unsigned char*>(input.data());
  std::size_t size = 0;
  std::string signature;
  bool ok = EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, pkey.get(), nullptr) == 1 &&
            EVP_DigestSign(context.get(), nullptr, &size, message, input.size()) == 1;
  if (ok) {
    signature.resize(size);
    ok = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, message,
                        input.size()) == 1;
    signature.resize(ok ? size : 0);
  }
  if (!ok) return InvalidInput("the key cannot sign");
  return algorithm == Algorithm::kEs256 ? RawEcdsa(signature) : signature;
}

}  // namespace warder::broker

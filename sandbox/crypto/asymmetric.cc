#include "sandbox/crypto/asymmetric.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/crypto/key_format.h"

namespace warder::crypto {
namespace {

// Longer than any modulus has room for; OpenSSL gives negative lengths meanings of their own.
constexpr std::uint32_t kMaxSaltBytes = 2048;

bool GoesWith(const Key& key, Scheme scheme) {
  if (key.pkey() == nullptr) return false;
  switch (scheme) {
    case Scheme::kPkcs1:
    case Scheme::kPss:
      return key.family() == Family::kRsa;
    case Scheme::kEcdsa:
      return IsCurve(key.family());
    case Scheme::kEddsa:
      return key.family() == Family::kEd25519;
  }
  return false;
}

using Init = int (*)(EVP_MD_CTX*, EVP_PKEY_CTX**, const char*, OSSL_LIB_CTX*, const char*, EVP_PKEY*,
                     const OSSL_PARAM*);

DigestContext Start(Init init, const Key& key, const SignatureScheme& scheme) {
  if (!GoesWith(key, scheme.scheme) || scheme.salt_bytes > kMaxSaltBytes) return nullptr;
  int salt_bytes = static_cast<int>(scheme.salt_bytes);
  const char* const mode = scheme.scheme == Scheme::kPss ? OSSL_PKEY_RSA_PAD_MODE_PSS : OSSL_PKEY_RSA_PAD_MODE_PKCSV15;
  std::array<OSSL_PARAM, 3> params = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end(),
                                      OSSL_PARAM_construct_end()};
  if (key.family() == Family::kRsa) {
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, const_cast<char*>(mode), 0);
    if (scheme.scheme == Scheme::kPss) {
      params[1] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt_bytes);
    }
  }
  const char* const hash = scheme.scheme == Scheme::kEddsa ? nullptr : HashName(scheme.hash);
  DigestContext context(EVP_MD_CTX_new());
  if (!context || init(context.get(), nullptr, hash, nullptr, nullptr, key.pkey(), params.data()) != 1) return nullptr;
  return context;
}

// The y coordinates of the points of small order, also of their encodings that RFC 8032 does not allow; the sign of x,
// the last bit, is not among them. Below a signature by such a key, or with such an R, there may be any message.
constexpr std::array<std::string_view, 7> kSmallOrder = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};

bool HasSmallOrder(Bytes point) {
  std::string digits;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const unsigned char byte = i + 1 == point.size() ? point[i] & 0x7F : point[i];
    digits += "0123456789abcdef"[byte >> 4];
    digits += "0123456789abcdef"[byte & 15];
  }
  return std::find(kSmallOrder.begin(), kSmallOrder.end(), digits) != kSmallOrder.end();
}

// Web Cryptography, section "Ed25519", verify: the key and R are looked at first.
bool MayVerifyEddsa(const Key& key, Bytes signature) {
  const std::size_t size = FieldBytes(Family::kEd25519);
  const auto raw = ExportRaw(key);
  return raw && signature.size() == 2 * size && !HasSmallOrder(*raw) && !HasSmallOrder(signature.first(size));
}

// r and s, each as long as the group's order.
std::optional<Buffer> FromDer(Bytes der, std::size_t size) {
  const unsigned char* at = der.data();
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  Buffer raw(2 * size);
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), static_cast<int>(size)) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + size, static_cast<int>(size)) < 0) {
    return std::nullopt;
  }
  return raw;
}

std::optional<Buffer> ToDer(Bytes raw, std::size_t size) {
  if (raw.size() != 2 * size) return std::nullopt;
  const EcdsaSignature signature(ECDSA_SIG_new());
  Bignum r(BN_bin2bn(raw.data(), static_cast<int>(size), nullptr));
  Bignum s(BN_bin2bn(raw.data() + size, static_cast<int>(size), nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return std::nullopt;
  // The signature owns them from here on.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  if (length <= 0) return std::nullopt;
  Buffer bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

std::optional<Buffer> Sign(const Key& key, const SignatureScheme& scheme, Bytes data) {
  const NoErrors cleared;
  if (!key.HasPrivatePart()) return std::nullopt;
  const auto context = Start(EVP_DigestSignInit_ex, key, scheme);
  std::size_t size = 0;
  if (!context || EVP_DigestSign(context.get(), nullptr, &size, data.data(), data.size()) != 1) return std::nullopt;
  Buffer signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, data.data(), data.size()) != 1) return std::nullopt;
  signature.resize(size);
  if (scheme.scheme == Scheme::kEcdsa) return FromDer(signature, FieldBytes(key.family()));
  return signature;
}

bool Verify(const Key& key, const SignatureScheme& scheme, Bytes signature, Bytes data) {
  const NoErrors cleared;
  const auto context = Start(EVP_DigestVerifyInit_ex, key, scheme);
  if (!context) return false;
  Buffer der;
  if (scheme.scheme == Scheme::kEcdsa) {
    auto converted = ToDer(signature, FieldBytes(key.family()));
    if (!converted) return false;
    der = std::move(*converted);
    signature = der;
  }
  if (scheme.scheme == Scheme::kEddsa && !MayVerifyEddsa(key, signature)) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
}

std::optional<Buffer> Oaep(const Key& key, Direction direction, Hash hash, Bytes label, Bytes data) {
  const NoErrors cleared;
  const bool encrypt = direction == Direction::kEncrypt;
  if (!key.Is(Family::kRsa) || (!encrypt && !key.HasPrivatePart())) return std::nullopt;
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.pkey(), nullptr));
  auto* const name = const_cast<char*>(HashName(hash));
  std::array<OSSL_PARAM, 5> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, const_cast<char*>(OSSL_PKEY_RSA_PAD_MODE_OAEP),
                                       0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, name, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, name, 0),
      label.empty() ? OSSL_PARAM_construct_end()
                    : OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
                                                        const_cast<unsigned char*>(label.data()), label.size()),
      OSSL_PARAM_construct_end()};
  const auto init = encrypt ? EVP_PKEY_encrypt_init_ex : EVP_PKEY_decrypt_init_ex;
  const auto run = encrypt ? EVP_PKEY_encrypt : EVP_PKEY_decrypt;
  std::size_t size = 0;
  if (!context || init(context.get(), params.data()) != 1 ||
      run(context.get(), nullptr, &size, data.data(), data.size()) != 1) {
    return std::nullopt;
  }
  Buffer out(size);
  if (run(context.get(), out.data(), &size, data.data(), data.size()) != 1) return std::nullopt;
  out.resize(size);
  return out;
}

std::optional<Buffer> Agree(const Key& private_key, const Key& public_key) {
  const NoErrors cleared;
  const Family family = private_key.family();
  if (!public_key.Is(family) || private_key.pkey() == nullptr || !private_key.HasPrivatePart() ||
      !(IsCurve(family) || family == Family::kX25519)) {
    return std::nullopt;
  }
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, private_key.pkey(), nullptr));
  std::size_t size = 0;
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), public_key.pkey()) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1) {
    return std::nullopt;
  }
  Buffer secret(size);
  if (EVP_PKEY_derive(context.get(), secret.data(), &size) != 1) return std::nullopt;
  secret.resize(size);
  return secret;
}

}  // namespace warder::crypto

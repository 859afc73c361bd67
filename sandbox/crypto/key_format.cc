#include "sandbox/crypto/key_format.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace warder::crypto {
namespace {

constexpr std::array kRsaParts = {OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
                                  OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
                                  OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                  OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
constexpr std::size_t kRsaPublicParts = 2;
// OpenSSL would accept longer inputs and take long over them; no key of any family needs as much.
constexpr std::size_t kMaxDerBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxNumberBytes = kMaxModulusBits / 8 + 8;

bool IsType(EVP_PKEY* pkey, Family family) { return EVP_PKEY_is_a(pkey, TypeName(family)) == 1; }

Bignum NumberOf(EVP_PKEY* pkey, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(pkey, name, &number);
  return Bignum(number);
}

Buffer BytesOf(const BIGNUM* number) {
  Buffer bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  return bytes;
}

// That the numbers of a private RSA key belong together, but for the primality of p and q: checking that takes longer
// than most operations, and a script can only hurt its own key.
bool IsConsistentRsa(EVP_PKEY* pkey) {
  const Bignum n = NumberOf(pkey, OSSL_PKEY_PARAM_RSA_N);
  const Bignum e = NumberOf(pkey, OSSL_PKEY_PARAM_RSA_E);
  const Bignum d = NumberOf(pkey, OSSL_PKEY_PARAM_RSA_D);
  const Bignum qi = NumberOf(pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
  const std::array primes = {NumberOf(pkey, OSSL_PKEY_PARAM_RSA_FACTOR1), NumberOf(pkey, OSSL_PKEY_PARAM_RSA_FACTOR2)};
  const std::array exponents = {NumberOf(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1),
                                NumberOf(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2)};
  if (!n || !e || !d || !qi || !primes[0] || !primes[1] || !exponents[0] || !exponents[1]) return false;
  const BignumContext context(BN_CTX_new());
  const Bignum product(BN_new());
  const Bignum less_one(BN_new());
  if (!context || !product || !less_one) return false;
  if (BN_is_odd(primes[0].get()) == 0 || BN_is_odd(primes[1].get()) == 0 || BN_is_one(primes[0].get()) == 1 ||
      BN_is_one(primes[1].get()) == 1 || BN_ucmp(d.get(), n.get()) >= 0) {
    return false;
  }
  if (BN_mul(product.get(), primes[0].get(), primes[1].get(), context.get()) != 1 ||
      BN_cmp(product.get(), n.get()) != 0) {
    return false;
  }
  for (std::size_t i = 0; i < primes.size(); ++i) {
    // d = dp and e * dp = 1, both modulo p - 1
    if (BN_copy(less_one.get(), primes[i].get()) == nullptr || BN_sub_word(less_one.get(), 1) != 1 ||
        BN_mod(product.get(), d.get(), less_one.get(), context.get()) != 1 ||
        BN_cmp(product.get(), exponents[i].get()) != 0 ||
        BN_mod_mul(product.get(), e.get(), exponents[i].get(), less_one.get(), context.get()) != 1 ||
        BN_is_one(product.get()) != 1) {
      return false;
    }
  }
  return BN_mod_mul(product.get(), qi.get(), primes[1].get(), primes[0].get(), context.get()) == 1 &&
         BN_is_one(product.get()) == 1;
}

bool IsRightRsa(EVP_PKEY* pkey, Part part) {
  const std::size_t count = part == Part::kPublic ? kRsaPublicParts : kRsaParts.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Bignum number = NumberOf(pkey, kRsaParts[i]);
    if (!number || BN_is_zero(number.get()) == 1 || BN_is_negative(number.get()) == 1) return false;
  }
  const Bignum n = NumberOf(pkey, OSSL_PKEY_PARAM_RSA_N);
  const Bignum e = NumberOf(pkey, OSSL_PKEY_PARAM_RSA_E);
  if (BN_is_odd(n.get()) == 0 || BN_num_bits(n.get()) > kMaxModulusBits || BN_ucmp(e.get(), n.get()) >= 0) return false;
  return part == Part::kPublic || IsConsistentRsa(pkey);
}

bool IsRightCurve(EVP_PKEY* pkey, Family family, Part part) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(pkey, group.data(), group.size(), &size) != 1 ||
      std::string_view(group.data(), size) != GroupName(family)) {
    return false;
  }
  int explicit_parameters = 0;
  if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters) == 1 &&
      explicit_parameters != 0) {
    return false;
  }
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  if (!context) return false;
  if (part == Part::kPublic) return EVP_PKEY_public_check_quick(context.get()) == 1;
  return EVP_PKEY_check(context.get()) == 1;
}

// Whatever way a key came, this is the last look at it.
std::optional<Key> Checked(Family family, Part part, Pkey pkey) {
  if (!pkey || !IsType(pkey.get(), family)) return std::nullopt;
  if (family == Family::kRsa && !IsRightRsa(pkey.get(), part)) return std::nullopt;
  if (IsCurve(family)) {
    if (!IsRightCurve(pkey.get(), family, part)) return std::nullopt;
    // A key keeps the form of the point that it was made of.
    if (EVP_PKEY_set_utf8_string_param(pkey.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1) {
      return std::nullopt;
    }
  }
  return Key(family, part, std::move(pkey));
}

std::optional<Key> FromParams(Family family, Part part, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, TypeName(family), nullptr));
  EVP_PKEY* pkey = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &pkey, part == Part::kPrivate ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                        params.get()) != 1) {
    return std::nullopt;
  }
  return Checked(family, part, Pkey(pkey));
}

Bignum ToNumber(Bytes bytes) {
  if (bytes.size() > kMaxNumberBytes) return nullptr;
  return Bignum(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

std::optional<Key> ImportRsa(const std::vector<Bytes>& parts) {
  if (parts.size() != kRsaPublicParts && parts.size() != kRsaParts.size()) return std::nullopt;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  std::vector<Bignum> numbers;  // the builder reads them at the end
  for (std::size_t i = 0; i < parts.size(); ++i) {
    numbers.push_back(ToNumber(parts[i]));
    if (!builder || !numbers.back() || BN_is_zero(numbers.back().get()) == 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), kRsaParts[i], numbers.back().get()) != 1) {
      return std::nullopt;
    }
  }
  return FromParams(Family::kRsa, parts.size() == kRsaPublicParts ? Part::kPublic : Part::kPrivate, builder.get());
}

std::optional<Key> ImportCurve(Family family, Bytes point, const Bytes* scalar) {
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, GroupName(family), 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return std::nullopt;
  }
  if (scalar == nullptr) return FromParams(family, Part::kPublic, builder.get());
  const Bignum number = ToNumber(*scalar);
  if (!number || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get()) != 1) {
    return std::nullopt;
  }
  return FromParams(family, Part::kPrivate, builder.get());
}

std::optional<Key> ImportCurveParts(Family family, const std::vector<Bytes>& parts) {
  const std::size_t size = FieldBytes(family);
  if (parts.size() != 2 && parts.size() != 3) return std::nullopt;
  if (std::any_of(parts.begin(), parts.end(), [&](Bytes part) { return part.size() != size; })) return std::nullopt;
  Buffer point = {POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), parts[0].begin(), parts[0].end());
  point.insert(point.end(), parts[1].begin(), parts[1].end());
  return ImportCurve(family, point, parts.size() == 3 ? &parts[2] : nullptr);
}

std::optional<Key> ImportOtherParts(Family family, const std::vector<Bytes>& parts) {
  if (parts.size() == 1) return ImportRawPublic(family, parts[0]);
  if (parts.size() != 2) return std::nullopt;
  auto key = ImportRawPrivate(family, parts[1]);
  if (!key) return std::nullopt;
  const auto derived = ExportRaw(*key);
  if (!derived || !Equal(*derived, parts[0])) return std::nullopt;
  return key;
}

using GetRaw = int (*)(const EVP_PKEY*, unsigned char*, std::size_t*);
std::optional<Buffer> RawOf(const Key& key, GetRaw get) {
  Buffer raw(FieldBytes(key.family()));
  std::size_t size = raw.size();
  if (get(key.pkey(), raw.data(), &size) != 1 || size != raw.size()) return std::nullopt;
  return raw;
}

std::optional<Buffer> Padded(EVP_PKEY* pkey, const char* name, std::size_t size) {
  const Bignum number = NumberOf(pkey, name);
  Buffer bytes(size);
  if (!number || BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(size)) < 0) return std::nullopt;
  return bytes;
}

// What OpenSSL's writers of DER have allocated.
template <typename Object, typename Write>
std::optional<Buffer> Der(Object* object, Write write) {
  unsigned char* der = nullptr;
  const int size = write(object, &der);
  if (size <= 0) return std::nullopt;
  Buffer bytes(der, der + size);
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace

std::optional<Key> ImportDer(Family family, Part part, Bytes der) {
  const NoErrors cleared;
  if (der.size() > kMaxDerBytes) return std::nullopt;
  const unsigned char* at = der.data();
  const auto size = static_cast<long>(der.size());
  Pkey pkey;
  if (part == Part::kPublic) {
    pkey.reset(d2i_PUBKEY_ex(nullptr, &at, size, nullptr, nullptr));
  } else {
    const PrivateKeyInfo info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, size));
    if (info) pkey.reset(EVP_PKCS82PKEY_ex(info.get(), nullptr, nullptr));
  }
  if (at != der.data() + der.size()) return std::nullopt;
  const auto key = Checked(family, part, std::move(pkey));
  const auto parts = key ? ExportParts(*key, part) : std::nullopt;
  if (!parts) return std::nullopt;
  // Made anew of its numbers, a key has nothing else in it that its DER may have had, such as another version, and is
  // exported like every other key.
  return ImportParts(family, {parts->begin(), parts->end()});
}

std::optional<Buffer> ExportDer(const Key& key, Part part) {
  const NoErrors cleared;
  if (part == Part::kPublic) return Der(key.pkey(), i2d_PUBKEY);
  const PrivateKeyInfo info(key.HasPrivatePart() ? EVP_PKEY2PKCS8(key.pkey()) : nullptr);
  if (!info) return std::nullopt;
  return Der(info.get(), i2d_PKCS8_PRIV_KEY_INFO);
}

std::optional<Key> ImportRawPublic(Family family, Bytes raw) {
  const NoErrors cleared;
  const std::size_t size = FieldBytes(family);
  if (family == Family::kRsa || raw.empty()) return std::nullopt;
  if (IsCurve(family)) {
    const bool whole = raw[0] == POINT_CONVERSION_UNCOMPRESSED && raw.size() == 1 + 2 * size;
    const bool compressed = (raw[0] | 1) == (POINT_CONVERSION_COMPRESSED | 1) && raw.size() == 1 + size;
    return whole || compressed ? ImportCurve(family, raw, nullptr) : std::nullopt;
  }
  if (raw.size() != size) return std::nullopt;
  return Checked(family, Part::kPublic,
                 Pkey(EVP_PKEY_new_raw_public_key_ex(nullptr, TypeName(family), nullptr, raw.data(), raw.size())));
}

std::optional<Key> ImportRawPrivate(Family family, Bytes raw) {
  const NoErrors cleared;
  if (family == Family::kRsa || IsCurve(family) || raw.size() != FieldBytes(family)) return std::nullopt;
  return Checked(family, Part::kPrivate,
                 Pkey(EVP_PKEY_new_raw_private_key_ex(nullptr, TypeName(family), nullptr, raw.data(), raw.size())));
}

std::optional<Buffer> ExportRaw(const Key& key) {
  const NoErrors cleared;
  if (key.family() == Family::kRsa) return std::nullopt;
  if (!IsCurve(key.family())) return RawOf(key, EVP_PKEY_get_raw_public_key);
  auto parts = ExportParts(key, Part::kPublic);
  if (!parts) return std::nullopt;
  Buffer point = {POINT_CONVERSION_UNCOMPRESSED};
  for (const Buffer& part : *parts) point.insert(point.end(), part.begin(), part.end());
  return point;
}

std::optional<Key> ImportParts(Family family, const std::vector<Bytes>& parts) {
  const NoErrors cleared;
  if (family == Family::kRsa) return ImportRsa(parts);
  return IsCurve(family) ? ImportCurveParts(family, parts) : ImportOtherParts(family, parts);
}

std::optional<std::vector<Buffer>> ExportParts(const Key& key, Part part) {
  const NoErrors cleared;
  if (part == Part::kPrivate && !key.HasPrivatePart()) return std::nullopt;
  std::vector<std::optional<Buffer>> parts;
  if (key.family() == Family::kRsa) {
    const std::size_t count = part == Part::kPublic ? kRsaPublicParts : kRsaParts.size();
    for (std::size_t i = 0; i < count; ++i) {
      const Bignum number = NumberOf(key.pkey(), kRsaParts[i]);
      parts.push_back(number ? std::optional(BytesOf(number.get())) : std::nullopt);
    }
  } else if (IsCurve(key.family())) {
    const std::size_t size = FieldBytes(key.family());
    parts.push_back(Padded(key.pkey(), OSSL_PKEY_PARAM_EC_PUB_X, size));
    parts.push_back(Padded(key.pkey(), OSSL_PKEY_PARAM_EC_PUB_Y, size));
    if (part == Part::kPrivate) parts.push_back(Padded(key.pkey(), OSSL_PKEY_PARAM_PRIV_KEY, size));
  } else {
    parts.push_back(RawOf(key, EVP_PKEY_get_raw_public_key));
    if (part == Part::kPrivate) parts.push_back(RawOf(key, EVP_PKEY_get_raw_private_key));
  }
  std::vector<Buffer> whole;
  for (auto& each : parts) {
    if (!each) return std::nullopt;
    whole.push_back(std::move(*each));
  }
  return whole;
}

}  // namespace warder::crypto

// What a script gives crypto.subtle, at the functions that work with OpenSSL: keys of every format, parameters of every
// algorithm, ciphertexts and signatures. Runs on the image's OpenSSL.
//
// What comes in must be what goes out again: a key that was imported is exported and imported to the same bytes, and
// what was just signed or encrypted is verified and decrypted.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/crypto/asymmetric.h"
#include "sandbox/crypto/key_format.h"
#include "sandbox/crypto/seed_provider.h"
#include "sandbox/crypto/symmetric.h"

namespace {

using warder::crypto::Buffer;
using warder::crypto::Bytes;
using warder::crypto::Direction;
using warder::crypto::Family;
using warder::crypto::Hash;
using warder::crypto::Key;
using warder::crypto::KeyPair;
using warder::crypto::Part;
using warder::crypto::Scheme;

// A private operation with more takes so long that nothing else would be tried.
constexpr int kMaxRsaBits = 2048;
constexpr std::uint32_t kMaxIterations = 8;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "crypto_fuzz: %s\n", what);
  std::abort();
}

// The same inputs do the same.
void Draw(void*, unsigned char* out, std::size_t size) {
  static std::uint64_t state = 1;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    out[i] = static_cast<unsigned char>(state >> 56);
  }
}

Bytes View(const std::string& text) { return {reinterpret_cast<const unsigned char*>(text.data()), text.size()}; }

std::vector<KeyPair> MakePairs() {
  static constexpr unsigned char kExponent[] = {1, 0, 1};
  std::vector<KeyPair> pairs;
  auto rsa = warder::crypto::GenerateRsa(1024, kExponent, [] { return false; });
  Require(rsa.has_value(), "no RSA key");
  pairs.push_back(std::move(*rsa));
  for (int i = static_cast<int>(Family::kP256); i <= static_cast<int>(Family::kX25519); ++i) {
    auto pair = warder::crypto::GeneratePair(static_cast<Family>(i));
    Require(pair.has_value(), "no key");
    pairs.push_back(std::move(*pair));
  }
  return pairs;
}

const std::vector<KeyPair>& Pairs() {
  static const std::vector<KeyPair> pairs = MakePairs();
  return pairs;
}

Family ConsumeFamily(FuzzedDataProvider& in) {
  return static_cast<Family>(in.ConsumeIntegralInRange<int>(0, warder::crypto::kFamilies - 1));
}
Hash ConsumeHash(FuzzedDataProvider& in) {
  return static_cast<Hash>(in.ConsumeIntegralInRange<int>(0, warder::crypto::kHashes - 1));
}
Part ConsumePart(FuzzedDataProvider& in) { return in.ConsumeBool() ? Part::kPrivate : Part::kPublic; }

void Use(const Key& key) {
  static const std::string kData = "data";
  if (key.Is(Family::kRsa)) {
    if (EVP_PKEY_get_bits(key.pkey()) > kMaxRsaBits) return;
    // p and q need not be primes, so nothing is expected but an end.
    for (const auto scheme : {Scheme::kPkcs1, Scheme::kPss}) {
      const auto signature = warder::crypto::Sign(key, {scheme, Hash::kSha256, 8}, View(kData));
      warder::crypto::Verify(key, {scheme, Hash::kSha256, 8}, signature ? Bytes(*signature) : Bytes(), View(kData));
    }
    const auto text = warder::crypto::Oaep(key, Direction::kEncrypt, Hash::kSha1, View(kData), View(kData));
    if (text) warder::crypto::Oaep(key, Direction::kDecrypt, Hash::kSha1, View(kData), *text);
    return;
  }
  const Scheme scheme = key.Is(Family::kEd25519) ? Scheme::kEddsa : Scheme::kEcdsa;
  if (const auto signature = warder::crypto::Sign(key, {scheme, Hash::kSha384, 0}, View(kData))) {
    const auto public_key = warder::crypto::PublicOf(key);
    Require(public_key && warder::crypto::Verify(*public_key, {scheme, Hash::kSha384, 0}, *signature, View(kData)),
            "what a key has signed is not verified");
  }
  const KeyPair& peer = Pairs()[static_cast<std::size_t>(key.family())];
  warder::crypto::Agree(key, peer.public_key);
  warder::crypto::Agree(peer.private_key, key);
}

void Check(std::optional<Key> key, Part part) {
  if (!key) return;
  Require(key->Weight() > 0, "a key weighs nothing");
  const auto der = warder::crypto::ExportDer(*key, part);
  Require(der.has_value(), "an imported key is not exported");
  const auto again = warder::crypto::ImportDer(key->family(), part, *der);
  Require(again.has_value(), "an exported key is not imported");
  Require(*warder::crypto::ExportDer(*again, part) == *der, "a key changes by exporting it");
  const auto parts = warder::crypto::ExportParts(*key, part);
  Require(parts.has_value(), "an imported key has no parts");
  const auto from_parts = warder::crypto::ImportParts(key->family(), {parts->begin(), parts->end()});
  Require(from_parts && *warder::crypto::ExportDer(*from_parts, part) == *der, "a key changes by taking it to parts");
  const auto raw = warder::crypto::ExportRaw(*key);
  Require(!raw || warder::crypto::ImportRawPublic(key->family(), *raw), "a raw key is not imported");
  Use(*key);
}

// A key of ours with some bytes changed comes further than bytes from nowhere.
void ImportAlmostOurs(FuzzedDataProvider& in) {
  const Family family = ConsumeFamily(in);
  const Part part = ConsumePart(in);
  const KeyPair& pair = Pairs()[static_cast<std::size_t>(family)];
  auto der = warder::crypto::ExportDer(part == Part::kPrivate ? pair.private_key : pair.public_key, part);
  for (int i = in.ConsumeIntegralInRange<int>(0, 6); i > 0; --i) {
    const auto at = in.ConsumeIntegralInRange<std::size_t>(0, der->size() - 1);
    switch (in.ConsumeIntegralInRange<int>(0, 2)) {
      case 0:
        (*der)[at] = in.ConsumeIntegral<unsigned char>();
        break;
      case 1:
        der->insert(der->begin() + static_cast<std::ptrdiff_t>(at), in.ConsumeIntegral<unsigned char>());
        break;
      default:
        if (der->size() > 1) der->erase(der->begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  Check(warder::crypto::ImportDer(in.ConsumeBool() ? family : ConsumeFamily(in), part, *der), part);
}

void ImportParts(FuzzedDataProvider& in) {
  const Family family = ConsumeFamily(in);
  const Part part = ConsumePart(in);
  const KeyPair& pair = Pairs()[static_cast<std::size_t>(family)];
  auto parts = *warder::crypto::ExportParts(part == Part::kPrivate ? pair.private_key : pair.public_key, part);
  for (int i = in.ConsumeIntegralInRange<int>(0, 3); i > 0; --i) {
    const auto at = in.ConsumeIntegralInRange<std::size_t>(0, parts.size() - 1);
    const std::string bytes = in.ConsumeRandomLengthString(300);
    parts[at] = Buffer(bytes.begin(), bytes.end());
  }
  parts.resize(in.ConsumeIntegralInRange<std::size_t>(0, parts.size()));
  const bool whole = parts.size() > (family == Family::kEd25519 || family == Family::kX25519 ? 1U : 2U);
  Check(warder::crypto::ImportParts(family, {parts.begin(), parts.end()}), whole ? Part::kPrivate : Part::kPublic);
}

void RunAes(FuzzedDataProvider& in) {
  const std::string key = in.ConsumeBytesAsString(8 * in.ConsumeIntegralInRange<std::size_t>(0, 5));
  const std::string iv = in.ConsumeRandomLengthString(200);
  const std::string additional = in.ConsumeRandomLengthString(100);
  warder::crypto::AesCall call;
  call.mode = static_cast<warder::crypto::AesMode>(in.ConsumeIntegralInRange<int>(0, 3));
  call.direction = in.ConsumeBool() ? Direction::kEncrypt : Direction::kDecrypt;
  call.number = in.ConsumeIntegralInRange<unsigned>(0, 300);
  const std::string data = in.ConsumeRemainingBytesAsString();
  call.key = View(key);
  call.iv = View(iv);
  call.additional = View(additional);
  call.data = View(data);
  const auto out = warder::crypto::Aes(call);
  if (!out || call.direction == Direction::kDecrypt) return;
  call.direction = Direction::kDecrypt;
  call.data = *out;
  const auto back = warder::crypto::Aes(call);
  Require(back && warder::crypto::Equal(*back, View(data)), "what was encrypted is not decrypted");
}

void RunVerify(FuzzedDataProvider& in) {
  const KeyPair& pair = Pairs()[static_cast<std::size_t>(ConsumeFamily(in))];
  const warder::crypto::SignatureScheme scheme{static_cast<Scheme>(in.ConsumeIntegralInRange<int>(0, 3)),
                                               ConsumeHash(in), in.ConsumeIntegral<std::uint32_t>()};
  const std::string data = in.ConsumeRandomLengthString(64);
  if (const auto signature = warder::crypto::Sign(pair.private_key, scheme, View(data))) {
    Require(warder::crypto::Verify(pair.public_key, scheme, *signature, View(data)), "a signature is not verified");
  }
  const std::string signature = in.ConsumeRemainingBytesAsString();
  Require(!warder::crypto::Verify(pair.public_key, scheme, View(signature), View(data)), "a forgery");
}

void RunOaep(FuzzedDataProvider& in) {
  const KeyPair& pair = Pairs()[0];
  const Hash hash = ConsumeHash(in);
  const std::string label = in.ConsumeRandomLengthString(100);
  const std::string data = in.ConsumeRemainingBytesAsString();
  warder::crypto::Oaep(pair.private_key, Direction::kDecrypt, hash, View(label), View(data));
  const auto text = warder::crypto::Oaep(pair.public_key, Direction::kEncrypt, hash, View(label), View(data));
  if (!text) return;
  const auto back = warder::crypto::Oaep(pair.private_key, Direction::kDecrypt, hash, View(label), *text);
  Require(back && warder::crypto::Equal(*back, View(data)), "OAEP does not come back");
}

void RunKdf(FuzzedDataProvider& in) {
  const Hash hash = ConsumeHash(in);
  const auto size = in.ConsumeIntegralInRange<std::size_t>(0, 20000);
  const auto iterations = in.ConsumeIntegralInRange<std::uint32_t>(0, kMaxIterations);
  const std::string key = in.ConsumeRandomLengthString(200);
  const std::string salt = in.ConsumeRandomLengthString(200);
  const std::string info = in.ConsumeRemainingBytesAsString();
  warder::crypto::Hkdf(View(key), hash, View(salt), View(info), size);
  warder::crypto::Pbkdf2(View(key), hash, View(salt), iterations, size);
  warder::crypto::Hmac(View(key), hash, View(info));
  warder::crypto::Digest(hash, View(info));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  warder::crypto::StartOpenSsl();
  warder::crypto::SetRandomSource(Draw, nullptr);
  Pairs();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  switch (in.ConsumeIntegralInRange<int>(0, 7)) {
    case 0: {
      const Family family = ConsumeFamily(in);
      const Part part = ConsumePart(in);
      Check(warder::crypto::ImportDer(family, part, View(in.ConsumeRemainingBytesAsString())), part);
      break;
    }
    case 1: {
      const Family family = ConsumeFamily(in);
      const std::string raw = in.ConsumeRemainingBytesAsString();
      Check(warder::crypto::ImportRawPublic(family, View(raw)), Part::kPublic);
      Check(warder::crypto::ImportRawPrivate(family, View(raw)), Part::kPrivate);
      break;
    }
    case 2:
      ImportAlmostOurs(in);
      break;
    case 3:
      ImportParts(in);
      break;
    case 4:
      RunAes(in);
      break;
    case 5:
      RunVerify(in);
      break;
    case 6:
      RunOaep(in);
      break;
    default:
      RunKdf(in);
  }
  return 0;
}

// The vectors are those of https://c2sp.org/XAES-256-GCM.
#include "engine/vault/xaes.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "engine/base/text.h"

namespace warder::vault {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

Digest Shake128() {
  Digest digest(EVP_MD_CTX_new());
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_shake128(), nullptr) != 1) throw std::bad_alloc();
  return digest;
}

std::string Squeeze(const Digest& digest, std::size_t bytes) {
  std::string out(bytes, '\0');
  EXPECT_EQ(EVP_DigestFinalXOF(digest.get(), reinterpret_cast<unsigned char*>(out.data()), bytes), 1);
  return out;
}

// The specification's accumulated test: inputs from one SHAKE-128, the ciphertexts into another.
std::string Accumulated(int iterations) {
  // 313 bytes an iteration on average; OpenSSL 3.0 gives the stream in one piece.
  const std::string stream = Squeeze(Shake128(), static_cast<std::size_t>(iterations) * 313 + 1'000'000);
  EXPECT_EQ(HexOf(stream.substr(0, 16)), "7f9c2ba4e88f827d616045507605853e");
  std::size_t at = 0;
  const auto take = [&](std::size_t bytes) {
    if (stream.size() - at < bytes) throw std::length_error("the stream is too short");
    const std::string_view taken = std::string_view{stream}.substr(at, bytes);
    at += bytes;
    return taken;
  };
  const auto take_vector = [&] { return take(static_cast<unsigned char>(take(1).front())); };
  const Digest digest = Shake128();
  for (int i = 0; i < iterations; ++i) {
    const Secret key(take(kXaesKeyBytes));
    const std::string_view nonce = take(kXaesNonceBytes);
    const std::string_view plaintext = take_vector();
    const std::string_view aad = take_vector();
    const std::string sealed = XaesEncrypt(key, nonce, plaintext, aad);
    EXPECT_EQ(XaesDecrypt(key, nonce, sealed, aad).value().view(), plaintext);
    EVP_DigestUpdate(digest.get(), sealed.data(), sealed.size());
  }
  return HexOf(Squeeze(digest, 32));
}

constexpr std::string_view kNonce = "ABCDEFGHIJKLMNOPQRSTUVWX";
constexpr std::string_view kPlaintext = "XAES-256-GCM";

TEST(XaesTest, TheFirstVectorWhereTheSubkeyDoesNotOverflow) {
  const Secret key(std::string(32, '\x01'));
  EXPECT_EQ(HexOf(XaesEncrypt(key, kNonce, kPlaintext, "")),
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
}

TEST(XaesTest, TheSecondVectorWhereItDoes) {
  const Secret key(std::string(32, '\x03'));
  EXPECT_EQ(HexOf(XaesEncrypt(key, kNonce, kPlaintext, "c2sp.org/XAES-256-GCM")),
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST(XaesTest, TheAccumulatedVectorOf10000) {
  EXPECT_EQ(Accumulated(10'000), "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

// 314 MB of input, some ten seconds: tests/run.sh sets WARDER_SLOW_TESTS.
TEST(XaesTest, TheAccumulatedVectorOf1000000) {
  if (std::getenv("WARDER_SLOW_TESTS") == nullptr) GTEST_SKIP() << "set WARDER_SLOW_TESTS";
  EXPECT_EQ(Accumulated(1'000'000), "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
}

TEST(XaesTest, WhatDoesNotBelongTogetherIsRefused) {
  const Secret key(std::string(32, '\x01'));
  const std::string sealed = XaesEncrypt(key, kNonce, kPlaintext, "aad");
  const auto open = [&](std::string_view nonce, std::string_view ciphertext, std::string_view aad) {
    return XaesDecrypt(key, nonce, ciphertext, aad).has_value();
  };
  ASSERT_TRUE(open(kNonce, sealed, "aad"));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(open(kNonce, changed, "aad")) << bit;
  }
  for (std::size_t bit = 0; bit < kNonce.size() * 8; ++bit) {
    std::string changed(kNonce);
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(open(changed, sealed, "aad")) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) EXPECT_FALSE(open(kNonce, sealed.substr(0, size), "aad"));
  EXPECT_FALSE(open(kNonce, sealed + '\0', "aad"));
  EXPECT_FALSE(open(kNonce, sealed, "aae"));
  EXPECT_FALSE(open(kNonce, sealed, ""));
  EXPECT_FALSE(XaesDecrypt(Secret(std::string(32, '\x02')), kNonce, sealed, "aad"));
}

TEST(XaesTest, KeysAndNoncesHaveOneSize) {
  EXPECT_THROW(XaesEncrypt(Secret("short"), kNonce, "", ""), std::invalid_argument);
  EXPECT_THROW(XaesEncrypt(Secret(std::string(32, 'k')), "short", "", ""), std::invalid_argument);
}

}  // namespace
}  // namespace warder::vault

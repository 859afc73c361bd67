#include "engine/audit/envelope.h"

#include <gtest/gtest.h>

#include "engine/base/base64.h"
#include "engine/base/text.h"

namespace warder::audit {
namespace {

// RFC 8032, section 7.1, test 1: its secret key, and its signature of the empty message.
constexpr char kRfcKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr char kRfcSignature[] =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
    "5141438e7a100b";

SigningKey RfcKey() { return *SigningKey::FromPem(kRfcKey); }

TEST(KeysTest, SignaturesAreThoseOfRfc8032) {
  const SigningKey key = RfcKey();
  EXPECT_EQ(HexOf(key.Sign("")), kRfcSignature);
  EXPECT_TRUE(key.public_key().Verify("", key.Sign("")));
  EXPECT_FALSE(key.public_key().Verify("x", key.Sign("")));
  EXPECT_FALSE(key.public_key().Verify("", ""));
}

TEST(KeysTest, ThePublicHalfSurvivesItsText) {
  const SigningKey key = SigningKey::Generate();
  const auto again = PublicKey::FromPem(key.public_key().Pem());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->id(), key.public_key().id());
  EXPECT_TRUE(again->Verify("text", key.Sign("text")));
  EXPECT_NE(SigningKey::Generate().public_key().id(), key.public_key().id());
}

TEST(KeysTest, OtherTextsAreNoKeys) {
  // P-256, and the private key where the public one belongs.
  const char* const texts[] = {"", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", kRfcKey,
                               "-----BEGIN PUBLIC KEY-----\n"
                               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/"
                               "hp/m47n60p8D54WK84zV2sxXs7L\n"
                               "tkBoN79R9Q==\n-----END PUBLIC KEY-----\n"};
  for (const char* text : texts) EXPECT_FALSE(PublicKey::FromPem(text)) << text;
  EXPECT_FALSE(SigningKey::FromPem(RfcKey().public_key().Pem()));
  EXPECT_FALSE(
      SigningKey::FromPem("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"));
}

TEST(EnvelopeTest, PaeIsAsTheDsseProtocolPrintsIt) {
  EXPECT_EQ(Pae("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(Pae("", ""), "DSSEv1 0  0 ");
}

TEST(EnvelopeTest, WhatWasSealedIsOpened) {
  const SigningKey key = SigningKey::Generate();
  std::string payload = R"({"text":"any \u0000 bytes"})";
  payload += '\0';
  const auto envelope = Open(Seal(payload, key));
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(envelope->payload, payload);
  EXPECT_EQ(envelope->key_id, key.public_key().id());
  EXPECT_TRUE(envelope->SignedBy(key.public_key()));
  EXPECT_FALSE(envelope->SignedBy(SigningKey::Generate().public_key()));
}

// The type is signed with the payload: a signature for another type is none for this one.
TEST(EnvelopeTest, ASignatureForAnotherTypeIsNone) {
  const SigningKey key = SigningKey::Generate();
  auto envelope = *Open(Seal("{}", key));
  envelope.signature = key.Sign(Pae("application/json", "{}"));
  EXPECT_FALSE(envelope.SignedBy(key.public_key()));
  envelope.signature = key.Sign("{}");
  EXPECT_FALSE(envelope.SignedBy(key.public_key()));
}

TEST(EnvelopeTest, OtherShapesAreRefused) {
  const std::string good = Seal("{}", RfcKey());
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string text = good;
    text.replace(text.find(what), what.size(), instead);
    return text;
  };
  ASSERT_TRUE(Open(good));
  const std::string shapes[] = {"",
                                "[]",
                                "null",
                                "{}",
                                with("receipt.v1", "receipt.v2"),
                                with("\"payloadType\":\"", "\"payloadType\":\"x"),
                                with("\"signatures\":[{", "\"signatures\":[{\"a\":1,"),
                                with("{\"payloadType\"", "{\"a\":1,\"payloadType\""),
                                with("\"payload\":\"e30=\"", "\"payload\":\"e30\""),
                                with("\"payload\":\"e30=\"", "\"payload\":\"e30=\",\"payload\":\"e30=\""),
                                with("\"payload\":\"e30=\"", "\"payload\":1"),
                                with("\"signatures\":[", "\"signatures\":[{\"keyid\":\"\",\"sig\":\"\"},"),
                                with("\"keyid\":\"", "\"keyid\":1,\"x\":\""),
                                good + good,
                                good.substr(0, good.size() - 1)};
  for (const std::string& text : shapes) EXPECT_FALSE(Open(text)) << text;
}

}  // namespace
}  // namespace warder::audit

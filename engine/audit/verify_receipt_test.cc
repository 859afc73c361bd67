#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/audit/envelope.h"
#include "engine/audit/receipt_contents.h"
#include "engine/base/base64.h"
#include "warder/audit.h"
#include "warder/engine.h"

namespace warder::audit {
namespace {

using Result = ReceiptCheck::Result;
using testing::HasSubstr;

// The smallest receipt there can be.
constexpr char kReceipt[] = R"({"version":1,"execution":"e","tenant":"t",
  "code":{"sha256":"","entry":"","flow":""},"policy":{"sha256":"","origins":[],"permitDegraded":[]},
  "versions":{"warder":"","v8":"","image":"","kernel":""},
  "times":{"requested":"","started":null,"ended":"","over":""},"limits":{},"setup":[],"posture":null,
  "calls":[],"callsOmitted":0,"verdict":{"status":"fault","reason":"","limit":null,"violation":null},
  "usage":{"wallUs":0,"cpuUs":0,"peakRssBytes":0,"peakMemoryBytes":0,"heapPeakBytes":0,"arrayBufferPeakBytes":0,"calls":0,
    "requestBytes":0,"responseBytes":0,"logBytes":0,"outputBytes":0},
  "teardown":{"dead":true,"reaped":true,"zygoteLost":false,"cgroup":"none","descriptors":{"made":0,"returned":0},
    "processes":{"made":0,"ended":0},"engine":null}})";

class VerifyTest : public testing::Test {
 protected:
  ReceiptCheck Check(std::string_view envelope) const { return VerifyReceipt(envelope, key_.public_key().Pem()); }
  ReceiptCheck CheckPayload(std::string_view payload) const { return Check(Seal(payload, key_)); }

  const SigningKey key_ = SigningKey::Generate();
};

TEST_F(VerifyTest, AReceiptIsValidAndComesBackAsItWasSigned) {
  const ReceiptCheck check = CheckPayload(kReceipt);
  EXPECT_EQ(check.result, Result::kValid) << check.reason;
  EXPECT_EQ(check.reason, "");
  EXPECT_EQ(check.receipt_json, kReceipt);
  EXPECT_EQ(check.key_id, key_.public_key().id());
}

TEST_F(VerifyTest, NoBitOfAnEnvelopeCanBeAnother) {
  const std::string good = Seal(kReceipt, key_);
  ASSERT_EQ(Check(good).result, Result::kValid);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const std::size_t bit : {at % 8, std::size_t{5}}) {  // the fifth makes capitals of small letters
      std::string text = good;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      EXPECT_NE(Check(text).result, Result::kValid) << "bit " << bit << " of byte " << at;
    }
  }
}

TEST_F(VerifyTest, NoTruncatedEnvelopeIsOne) {
  const std::string good = Seal(kReceipt, key_);
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_EQ(Check(good.substr(0, size)).result, Result::kNotAReceipt) << size;
  }
}

TEST_F(VerifyTest, AnotherKeyIsNamed) {
  const ReceiptCheck check = Check(Seal(kReceipt, SigningKey::Generate()));
  EXPECT_EQ(check.result, Result::kInvalid);
  EXPECT_THAT(check.reason, HasSubstr("another signing key"));
  EXPECT_EQ(check.receipt_json, "");
}

// The keyid is not signed; lying in it does not help.
TEST_F(VerifyTest, AnotherKeysSignatureUnderOurIdIsInvalid) {
  const SigningKey other = SigningKey::Generate();
  std::string text = Seal(kReceipt, other);
  text.replace(text.find(other.public_key().id()), 64, key_.public_key().id());
  const ReceiptCheck check = Check(text);
  EXPECT_EQ(check.result, Result::kInvalid);
  EXPECT_THAT(check.reason, HasSubstr("signature does not fit"));
}

TEST_F(VerifyTest, AnotherPayloadUnderOneSignatureIsInvalid) {
  std::string text = Seal(kReceipt, key_);
  const std::string payload = Base64Of(kReceipt);
  std::string changed = kReceipt;
  changed.replace(changed.find("fault"), 5, "other");
  text.replace(text.find(payload), payload.size(), Base64Of(changed));
  EXPECT_EQ(Check(text).result, Result::kInvalid);
}

TEST_F(VerifyTest, ASignedTextThatIsNoWholeReceiptIsInvalid) {
  for (const char* payload : {"", "null", "[]", "{}", R"({"version":1})", R"({"version":2})", R"({"version":"1"})"}) {
    const ReceiptCheck check = CheckPayload(payload);
    EXPECT_EQ(check.result, Result::kInvalid) << payload;
    EXPECT_THAT(check.reason, HasSubstr("signed, but incomplete")) << payload;
  }
  std::string twice = kReceipt;
  twice.insert(1, "\"execution\":\"other\",");
  EXPECT_THAT(CheckPayload(twice).reason, HasSubstr("same name twice"));
}

TEST_F(VerifyTest, EveryMemberIsMissed) {
  const boost::json::object whole = boost::json::parse(kReceipt).as_object();
  for (const auto& member : whole) {
    boost::json::object less = whole;
    less.erase(member.key());
    EXPECT_FALSE(CheckReceiptContents(boost::json::serialize(less))) << member.key();
    if (!member.value().is_object()) continue;
    for (const auto& inner : member.value().get_object()) {
      boost::json::object inner_less = whole;
      inner_less[member.key()].as_object().erase(inner.key());
      EXPECT_FALSE(CheckReceiptContents(boost::json::serialize(inner_less))) << member.key() << '/' << inner.key();
    }
  }
}

// Every member of the items of lists, and of what may be null: each is missed, and each of another type is refused.
TEST_F(VerifyTest, ItemsHaveTheirMembers) {
  namespace json = boost::json;
  struct Case {
    const char* pointer;
    const char* item;
    bool in_list;
  };
  const Case cases[] = {
      {"/setup", R"({"step":"fork","us":1.5})", true},
      {"/posture", R"({"layer":"seccomp","state":"enforced","detail":""})", true},
      {"/calls",
       R"({"call":1,"method":null,"origin":"https://a.test","connection":null,"attempts":1,"redirects":["https://b.test"],"status":200,"outcome":"ok",
           "requestBytes":0,"responseBytes":0,"startedUs":0,"durationUs":0})",
       true},
      {"/verdict/limit", R"({"name":"cpu","value":1,"peak":2})", false},
      {"/teardown/engine", R"({"descriptors":{"baseline":1,"now":1}})", false},
  };
  for (const auto& [pointer, text, in_list] : cases) {
    const auto check = [&, at = pointer, list = in_list](const json::object& item) {
      json::value receipt = json::parse(kReceipt);
      receipt.at_pointer(at) = list ? json::value(json::array{item}) : json::value(item);
      return CheckReceiptContents(json::serialize(receipt)).has_value();
    };
    const json::object whole = json::parse(text).as_object();
    EXPECT_TRUE(check(whole)) << pointer;
    for (const auto& member : whole) {
      json::object less = whole;
      less.erase(member.key());
      EXPECT_FALSE(check(less)) << pointer << '/' << member.key();
      json::object other = whole;
      other[member.key()] = true;
      EXPECT_FALSE(check(other)) << pointer << '/' << member.key();
    }
  }
  for (const char* counted : {"null", R"({"baseline":0,"now":0})"}) {
    json::value receipt = json::parse(kReceipt);
    receipt.at_pointer("/teardown/engine") =
        json::parse(R"({"descriptors":{"baseline":1,"now":1},"processes":)" + std::string(counted) + "}");
    EXPECT_TRUE(CheckReceiptContents(json::serialize(receipt))) << counted;
  }
  for (const auto& [pointer, wrong] :
       {std::pair{"/teardown/engine", R"({"descriptors":{"now":1}})"},
        {"/teardown/engine", R"({"descriptors":{"baseline":1,"now":1},"processes":{"now":0}})"},
        {"/teardown/engine", R"({"descriptors":{"baseline":1,"now":1},"processes":0})"},
        {"/policy/origins", "[1]"},
        {"/policy/permitDegraded", "[null]"},
        {"/limits", R"({"wall":1})"},
        {"/setup", "[1]"}}) {
    json::value receipt = json::parse(kReceipt);
    receipt.at_pointer(pointer) = json::parse(wrong);
    EXPECT_FALSE(CheckReceiptContents(json::serialize(receipt))) << pointer;
  }
}

TEST_F(VerifyTest, WhatIsTooLongIsNotReadAtAll) {
  const ReceiptCheck check = Check(std::string(kMaxReceiptBytes + 1, ' '));
  EXPECT_EQ(check.result, Result::kNotAReceipt);
  EXPECT_THAT(check.reason, HasSubstr("longer than any receipt"));
}

TEST_F(VerifyTest, AKeyThatIsNoneIsRefused) {
  for (const std::string_view pem : {std::string_view("no key"), std::string_view(), std::string_view("")}) {
    try {
      VerifyReceipt("{}", pem);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      EXPECT_THAT(error.what(), HasSubstr("the public key cannot be used"));
    }
  }
  EXPECT_THROW(VerifyReceipt("{}", std::string(1 << 20, 'x')), EngineError);
  EXPECT_FALSE(SigningKey::FromPem({}));
  EXPECT_THROW(PublicKeyPem("/nonexistent"), EngineError);
}

}  // namespace
}  // namespace warder::audit

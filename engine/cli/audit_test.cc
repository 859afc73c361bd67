// warder audit, with receipts that were signed here. The key, as the command's own, is in a scratch folder.
#include "warder/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/audit/envelope.h"
#include "engine/audit/key_file.h"
#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kReceipt[] = R"({"version":1,"execution":"e1","tenant":"acme",
  "code":{"sha256":"c0de","entry":"index.js","flow":"tag"},
  "policy":{"sha256":"90","origins":["https://a.test","https://b.test"],"permitDegraded":["landlock"]},
  "versions":{"warder":"0.1.0","v8":"13.6","image":"1a","kernel":"Linux 6.18"},
  "times":{"requested":"T0","started":"T1","ended":"T2","over":"T3"},"limits":{},"setup":[],
  "posture":[{"layer":"seccomp","state":"enforced","detail":""},{"layer":"root","state":"enforced","detail":""},
    {"layer":"landlock","state":"degraded by permission","detail":""}],
  "calls":[{"call":1,"method":"GET","origin":"https://a.test","connection":null,"attempts":1,"redirects":["https://b.test"],"status":200,"outcome":"ok",
     "requestBytes":0,"responseBytes":1,"startedUs":0,"durationUs":0},
    {"call":2,"method":null,"origin":null,"connection":null,"attempts":1,"redirects":[],"status":0,"outcome":"refused","requestBytes":0,"responseBytes":0,
     "startedUs":0,"durationUs":0}],
  "callsOmitted":3,"verdict":{"status":"succeeded","reason":"","limit":null,"violation":null},
  "usage":{"wallUs":14000,"cpuUs":9400,"peakRssBytes":22020096,"peakMemoryBytes":0,"heapPeakBytes":0,
    "arrayBufferPeakBytes":0,"calls":5,"requestBytes":0,"responseBytes":0,"logBytes":0,"outputBytes":0},
  "teardown":{"dead":true,"reaped":true,"zygoteLost":false,"cgroup":"none","descriptors":{"made":3,"returned":3},
    "processes":{"made":1,"ended":1},"engine":null}})";

class AuditTest : public testing::Test {
 protected:
  AuditTest() { audit::MakeSigningKey(state_.key()); }

  std::string Sealed(const std::string& receipt) const {
    return scratch_.Put("receipt.json", audit::Seal(receipt, *audit::LoadSigningKey(state_.key())) + "\n");
  }

  Scratch scratch_;
  StateInScratch state_;
};

TEST_F(AuditTest, AValidReceiptIsToldInWords) {
  const Ran ran = Warder({"audit", "verify-receipt", Sealed(kReceipt)});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, StartsWith("valid, signed with the key "));
  EXPECT_THAT(
      ran.out,
      HasSubstr(
          "\n\n"
          "execution  e1, tenant acme\n"
          "ended      succeeded\n"
          "code       sha256 c0de, index.js, flow tag\n"
          "policy     sha256 90, may call https://a.test, https://b.test, permitted to run without landlock\n"
          "versions   warder 0.1.0, V8 13.6, Linux 6.18, image 1a\n"
          "times      requested T0, started T1, ended T2, torn down T3\n"
          "jail       2 layers enforced; degraded by permission: landlock\n"
          "calls      5 calls: https://a.test 1 ok; https://b.test 1 by redirect; not granted 1 refused; 3 not listed\n"
          "used       14 ms, cpu 9.4 ms, peak 21 MB\n"
          "teardown   dead, reaped; 1 of 1 processes and 3 of 3 descriptors given back; cgroup: none\n"));
}

TEST_F(AuditTest, AProcessThatNeverWasIsNotSaidToBeDead) {
  std::string receipt = kReceipt;
  const std::string was = R"("dead":true,"reaped":true)";
  receipt.replace(receipt.find(was), was.size(), R"("dead":null,"reaped":null)");
  EXPECT_THAT(Warder({"audit", "verify-receipt", Sealed(receipt)}).out, HasSubstr("teardown   there was no process; "));
}

TEST_F(AuditTest, AnyPublicKeyCanBeNamed) {
  const std::string pem = scratch_.Put("key.pem", Warder({"audit", "public-key"}).out);
  const std::string receipt = Sealed(kReceipt);
  std::filesystem::remove(state_.key());
  EXPECT_EQ(Warder({"audit", "verify-receipt", receipt, "--key", pem}).code, 0);
  const Ran without = Warder({"audit", "verify-receipt", receipt});
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(without.err, HasSubstr("there is no signing key " + state_.key() +
                                     " on this machine; name the signer's public key with --key PUBLIC.pem"));
  EXPECT_THAT(without.err, Not(HasSubstr("genpkey")));
}

TEST_F(AuditTest, WhatDoesNotHoldExitsWithOne) {
  std::string text = Scratch::Read(Sealed(kReceipt));
  const std::size_t at = text.find("payload\":\"") + 40;
  text[at] = text[at] == 'A' ? 'B' : 'A';
  const std::string forged = scratch_.Put("forged.json", text);
  const Ran ran = Warder({"audit", "verify-receipt", forged});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "warder: " + forged + " is not valid: its signature does not fit what it says\n");

  const Ran json = Warder({"audit", "verify-receipt", forged, "--json"});
  EXPECT_EQ(json.code, 1);
  EXPECT_EQ(boost::json::parse(json.out).at("valid"), false);
  EXPECT_TRUE(boost::json::parse(json.out).at("receipt").is_null());

  EXPECT_EQ(Warder({"audit", "verify-receipt", Sealed("{}")}).code, 1);
  const std::string receipt = Sealed(kReceipt);
  std::filesystem::remove(state_.key());
  audit::MakeSigningKey(state_.key());
  EXPECT_THAT(Warder({"audit", "verify-receipt", receipt}).err, HasSubstr("another signing key"));
}

TEST_F(AuditTest, WhatIsNoReceiptExitsWithTwo) {
  for (const char* text :
       {"", "{}", "no", "{\"payloadType\":\"application/json\",\"payload\":\"\",\"signatures\":[]}"}) {
    const Ran ran = Warder({"audit", "verify-receipt", scratch_.Put("file", text)});
    EXPECT_EQ(ran.code, 2) << text;
    EXPECT_THAT(ran.err, HasSubstr("is not a receipt: ")) << text;
  }
  EXPECT_THAT(Warder({"audit", "verify-receipt", "/no/such"}).err, HasSubstr("cannot read the receipt from /no/such"));
  EXPECT_EQ(Warder({"audit", "verify-receipt", "/no/such"}).code, 2);
  const std::string big = scratch_.Put("big", "");
  std::filesystem::resize_file(big, audit::kMaxReceiptBytes + 1);
  EXPECT_THAT(Warder({"audit", "verify-receipt", big}).err,
              HasSubstr("has 4194305 bytes, and none is longer than 4MB"));
  const Ran key = Warder({"audit", "verify-receipt", Sealed(kReceipt), "--key", scratch_.Put("key", "no key")});
  EXPECT_EQ(key.code, 2);
  EXPECT_THAT(key.err, HasSubstr("not an Ed25519 public key"));
}

TEST_F(AuditTest, JsonHoldsTheReceiptAsItWasSigned) {
  const auto object = boost::json::parse(Warder({"audit", "verify-receipt", Sealed(kReceipt), "--json"}).out);
  EXPECT_EQ(object.at("valid"), true);
  EXPECT_EQ(object.at("receipt"), boost::json::parse(kReceipt));
}

TEST_F(AuditTest, NothingOfAReceiptReachesTheTerminalRaw) {
  std::string receipt = kReceipt;
  receipt.replace(receipt.find("acme"), 4, "\\u001b[2J\\u202e");
  const std::string path = Sealed(receipt);
  for (const auto& arguments : {std::vector<std::string>{"audit", "verify-receipt", path},
                                std::vector<std::string>{"audit", "verify-receipt", path, "--json"}}) {
    const Ran ran = Warder(arguments);
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
    EXPECT_THAT(ran.out, Not(HasSubstr("\u202e")));
  }
}

TEST_F(AuditTest, TheKeyIsMadeOnFirstUse) {
  std::filesystem::remove(state_.key());
  const Ran first = Warder({"audit", "public-key"});
  EXPECT_EQ(first.code, 0);
  EXPECT_THAT(first.err, HasSubstr("made the key that signs receipts"));
  const Ran second = Warder({"audit", "public-key"});
  EXPECT_EQ(second.err, "");
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(Warder({"audit", "public-key", "--signing-key", state_.key()}).out, first.out);
  EXPECT_EQ(Warder({"audit", "public-key", "--signing-key", "/no/such"}).code, 2);
}

// As after `sudo -E`.
TEST_F(AuditTest, AStateFolderThatOthersOwnOrCanWriteToIsRefused) {
  const std::filesystem::path folder = std::filesystem::path(state_.key()).parent_path();
  for (const auto& shared : {folder, folder.parent_path()}) {
    const auto before = std::filesystem::status(shared).permissions();
    std::filesystem::permissions(shared, std::filesystem::perms{0770});
    const Ran ran = Warder({"audit", "public-key"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("can be written to by others"));
    std::filesystem::permissions(shared, before);
    EXPECT_EQ(Warder({"audit", "public-key"}).code, 0);
  }
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(folder.parent_path().c_str(), 1, 1), 0);
  const Ran ran = Warder({"audit", "public-key"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("belongs to user 1"));
}

TEST_F(AuditTest, WrongUsageIsOneSentence) {
  EXPECT_EQ(Warder({"audit"}).code, 2);
  EXPECT_THAT(Warder({"audit"}).err, HasSubstr("see `warder audit --help`"));
  EXPECT_THAT(
      Warder({"audit", "verify-reciept", "x"}).err,
      HasSubstr("unexpected argument 'verify-reciept'; did you mean 'verify-receipt'? see `warder audit --help`"));
  EXPECT_THAT(Warder({"audit", "verify-receipt"}).err, HasSubstr("see `warder audit verify-receipt --help`"));
  EXPECT_THAT(Warder({"audit", "verify-receipt", "x", "--kye", "y"}).err, HasSubstr("did you mean '--key'?"));
  EXPECT_THAT(Warder({"audit", "verify-receipt", "--help"}).out, HasSubstr("Examples:\n  warder run"));
  EXPECT_THAT(Warder({"audit", "public-key", "--help"}).out, HasSubstr("warder audit public-key >"));
}

}  // namespace
}  // namespace warder::cli

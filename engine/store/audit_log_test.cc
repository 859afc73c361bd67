#include "engine/store/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <vector>

#include "engine/store/canonical_json.h"
#include "engine/store/tenant_store.h"
#include "engine/store/testing/scratch.h"
#include "engine/store/transaction.h"

namespace warder::store {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

TEST(CanonicalJsonTest, OneSpelling) {
  EXPECT_EQ(CanonicalJson(json::parse(R"({ "b" : [1, {"z":null,"a":true}], "a":"\u00e9\n", "":{}, "A":[] })")),
            "{\"\":{},\"A\":[],\"a\":\"\xc3\xa9\\n\",\"b\":[1,{\"a\":true,\"z\":null}]}");
  EXPECT_EQ(CanonicalJson(json::parse("[1.5]")), std::nullopt);
  EXPECT_EQ(CanonicalJson(json::parse("[1e2]")), std::nullopt);
  EXPECT_EQ(CanonicalJson(json::parse("[[[]]]"), 2), "[[[]]]");
  EXPECT_EQ(CanonicalJson(json::parse("[[[]]]"), 1), std::nullopt);
}

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() : store_(*TenantStore::Create(scratch_.folder() / "state", *TenantId::Parse("acme"))) {}

  std::string Run(const char* sql) {
    const Result<void> done = store_.database().Run(sql);
    return done ? "" : done.error().message;
  }
  // What Verify says after `sql`; the log is as before again.
  std::string After(const char* sql, const AuditHead& kept = {}) {
    auto transaction = Transaction::Begin(store_.database(), Access::kWrite);
    EXPECT_EQ(Run(sql), "");
    const Result<AuditHead> head = store_.audit().Verify(kept);
    return head ? "" : head.error().message;
  }
  void Write(int entries) {
    for (int i = 0; i < entries; ++i) {
      ASSERT_TRUE(store_.audit().Append({{"type", "connection.used"}, {"connection", "crm"}, {"number", i}}));
    }
  }

  Scratch scratch_;
  TenantStore store_;
};

TEST_F(AuditLogTest, EntriesAreCanonicalAndChained) {
  EXPECT_EQ(*store_.audit().Head(), AuditHead());
  const auto first = store_.audit().Append({{"type", "made"}, {"by", "root"}},
                                           std::chrono::system_clock::time_point(std::chrono::milliseconds(1'234)));
  ASSERT_TRUE(first) << first.error().message;
  const auto second = store_.audit().Append({});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->sequence, 2u);
  std::vector<std::string> entries;
  ASSERT_TRUE(store_.audit().Read(0, [&](std::uint64_t, std::string_view entry) {
    entries.emplace_back(entry);
    return true;
  }));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0], R"({"event":{"by":"root","type":"made"},"previous":")" + std::string(64, '0') +
                            R"(","sequence":1,"tenant":"acme","time":"1970-01-01T00:00:01.234Z"})");
  EXPECT_THAT(entries[1], HasSubstr(R"({"event":{},"previous":")" + first->digest));
  EXPECT_EQ(*store_.audit().Verify(), *second);
  EXPECT_EQ(*store_.audit().Verify(*first), *second);
}

TEST_F(AuditLogTest, WhatHasNoCanonicalFormIsRefused) {
  EXPECT_THAT(store_.audit().Append({{"ratio", 0.5}}).error().message, HasSubstr("not whole"));
  EXPECT_THAT(store_.audit().Append({{"text", std::string(AuditLog::kMaxEventBytes, 'x')}}).error().message,
              HasSubstr("more than 65536 bytes"));
  json::value deep = 1;
  for (int i = 0; i < 14; ++i) deep = json::array{deep};
  ASSERT_TRUE(store_.audit().Append({{"deep", deep.at(0)}}));
  EXPECT_THAT(store_.audit().Append({{"deep", deep}}).error().message, HasSubstr("nested too deep"));
  EXPECT_EQ(store_.audit().Verify()->sequence, 1u);
}

TEST_F(AuditLogTest, EveryChangeIsSeenAndNamed) {
  Write(5);
  const AuditHead head = *store_.audit().Head();
  EXPECT_EQ(After("UPDATE audit SET sequence = sequence", head), "");
  EXPECT_THAT(After("UPDATE audit SET entry = replace(entry, '\"number\":2', '\"number\":7')"),
              HasSubstr("tenant acme is not authentic: entry 3 is not the one"));
  EXPECT_THAT(After("UPDATE audit SET entry = replace(entry, '\"number\":2', '\"number\": 2')"),
              HasSubstr("entry 3 was changed or moved"));
  EXPECT_THAT(After("DELETE FROM audit WHERE sequence = 3"), HasSubstr("entry 3 is missing"));
  EXPECT_THAT(After("DELETE FROM audit WHERE sequence = 1"), HasSubstr("entry 1 is missing"));
  EXPECT_THAT(
      After("UPDATE audit SET sequence = sequence + 10 WHERE sequence > 2;"
            "UPDATE audit SET sequence = 3 WHERE sequence = 14; UPDATE audit SET sequence = 4 WHERE sequence = 13;"
            "UPDATE audit SET sequence = 5 WHERE sequence = 15"),
      HasSubstr("entry 3 was changed or moved"));
  EXPECT_THAT(After("UPDATE audit SET sequence = sequence + 10 WHERE sequence > 2;"
                    "INSERT INTO audit SELECT 3, entry FROM audit WHERE sequence = 2;"
                    "UPDATE audit SET sequence = sequence - 9 WHERE sequence > 3"),
              HasSubstr("entry 3 was changed or moved"));
  // Its last entries gone, or the last one changed, is seen against a head that was kept, and only then.
  EXPECT_EQ(After("DELETE FROM audit WHERE sequence > 3"), "");
  EXPECT_THAT(After("DELETE FROM audit WHERE sequence > 3", head), HasSubstr("entry 4 is missing, with all behind it"));
  EXPECT_EQ(After("UPDATE audit SET entry = replace(entry, '\"number\":4', '\"number\":7')"), "");
  EXPECT_THAT(After("UPDATE audit SET entry = replace(entry, '\"number\":4', '\"number\":7')", head),
              HasSubstr("entry 5 was changed"));
}

TEST_F(AuditLogTest, ALogIsOneTenants) {
  Write(2);
  const TenantId name = *TenantId::Parse("other");
  EXPECT_THAT(AuditLog(store_.database(), name).Verify().error().message,
              HasSubstr("tenant other is not authentic: entry 1"));
}

TEST_F(AuditLogTest, AnEntryGoesWithItsTransaction) {
  {
    auto transaction = Transaction::Begin(store_.database(), Access::kWrite);
    Write(3);
  }
  EXPECT_EQ(*store_.audit().Verify(), AuditHead());
}

}  // namespace
}  // namespace warder::store

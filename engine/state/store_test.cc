// The same of state in memory and in a tenant's file; and what only the file has to stand.
#include "engine/state/store.h"

#include <thread>

#include "engine/state/memory_store.h"
#include "engine/state/vault_store.h"
#include "engine/vault/testing/vault_test_case.h"

namespace warder::state {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StateKey Flow(const std::string& key, const std::string& flow = "sync") { return {StateScope::kFlow, flow, key}; }
StateKey Instance(const std::string& key) { return {StateScope::kInstance, "", key}; }
StateKey CrossFlow(const std::string& key) { return {StateScope::kCrossFlow, "", key}; }

enum class Kind { kMemory, kVault };

class StoreTest : public vault::VaultTestCase, public testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::kMemory) {
      store_ = std::make_unique<MemoryStore>();
    } else {
      vault_ = Make("acme");
      store_ = std::make_unique<VaultStore>(vault_, "main");
    }
  }
  std::string Read(const StateKey& key) {
    const auto entry = store_->Read(key);
    if (!entry) return "(" + entry.error().message + ")";
    return entry->version == 0 ? "-" : entry->json;
  }
  std::uint64_t VersionOf(const StateKey& key) { return Must(store_->Read(key)).version; }
  Committed Commit(const std::vector<Change>& changes) { return Must(store_->Commit(changes)); }

  std::shared_ptr<vault::TenantVault> vault_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreTest, KeepsWhatWasCommitted) {
  EXPECT_EQ(Read(Flow("a")), "-");
  const auto first = Commit({{Flow("a"), "1"}, {Instance("a"), "2"}, {CrossFlow("a"), "3"}, {Flow("a", "other"), "4"}});
  EXPECT_TRUE(first.conflicts.empty());
  EXPECT_EQ(VersionOf(Flow("a")), first.version);
  EXPECT_EQ(Read(Flow("a")) + Read(Instance("a")) + Read(CrossFlow("a")) + Read(Flow("a", "other")), "1234");
  const auto second = Commit({{Flow("a"), std::nullopt}, {Instance("a"), "null"}, {Flow("none"), std::nullopt}});
  EXPECT_GT(second.version, first.version);
  EXPECT_EQ(Read(Flow("a")) + Read(Instance("a")) + Read(CrossFlow("a")), "-null3");
}

TEST_P(StoreTest, WhatWasChangedMeanwhileIsAConflictAndNothingIsDone) {
  const auto version = Commit({{Flow("a"), "1"}}).version;
  Commit({{Flow("a"), "2", version}});
  const auto late = Commit({{Flow("b"), "1"}, {Flow("a"), "3", version}, {Flow("c"), "1", 7}});
  ASSERT_EQ(late.conflicts.size(), 2U);
  EXPECT_EQ(late.conflicts[0].change, 1U);
  EXPECT_EQ(late.conflicts[0].now.json, "2");
  EXPECT_EQ(late.conflicts[0].now.version, VersionOf(Flow("a")));
  EXPECT_EQ(late.conflicts[1].change, 2U);
  EXPECT_EQ(late.conflicts[1].now.version, 0U);
  EXPECT_EQ(Read(Flow("a")) + Read(Flow("b")), "2-");
  EXPECT_TRUE(Commit({{Flow("b"), "1", 0}}).conflicts.empty());
  EXPECT_FALSE(Commit({{Flow("b"), "1", 0}}).conflicts.empty());
}

// What was deleted and made again is another one.
TEST_P(StoreTest, VersionsNeverComeBack) {
  const auto version = Commit({{Flow("a"), "1"}}).version;
  Commit({{Flow("a"), std::nullopt}});
  Commit({{Flow("a"), "1"}});
  EXPECT_FALSE(Commit({{Flow("a"), "2", version}}).conflicts.empty());
}

TEST_P(StoreTest, WhatOthersCannotReadIsRefused) {
  for (const std::string& json : {std::string("{"), std::string(""), std::string(300, '[') + std::string(300, ']')}) {
    const Change change{Flow("a"), json};
    EXPECT_THAT(Message(store_->Commit({&change, 1})), HasSubstr("\"a\" is no JSON, or nested deeper than 256"));
  }
  EXPECT_EQ(Read(Flow("a")), "-");
}

TEST_P(StoreTest, ThereIsRoomForSoMuchAndItCanBeMadeAgain) {
  const std::string large = "\"" + std::string((60 << 10), 'x') + "\"";
  std::vector<Change> changes;
  std::size_t kept = 0;
  std::string refusal;
  for (; refusal.empty() && kept < 400; ++kept) {
    const Change change{Flow("k" + std::to_string(kept)), large};
    refusal = Message(store_->Commit({&change, 1}));
  }
  EXPECT_THAT(refusal, HasSubstr("and may have 10000 and 16777216; delete what is not needed any more"));
  EXPECT_GT(kept, 250U);
  EXPECT_EQ(Read(Flow("k" + std::to_string(kept - 1))), "-");
  EXPECT_TRUE(Commit({{Flow("k0"), "1"}, {Flow("small"), "2"}}).conflicts.empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, testing::Values(Kind::kMemory, Kind::kVault),
                         [](const auto& each) { return each.param == Kind::kMemory ? "Memory" : "Vault"; });

class VaultStoreTest : public vault::VaultTestCase {
 protected:
  static void Commit(VaultStore& store, const std::vector<Change>& changes) {
    EXPECT_TRUE(Must(store.Commit(changes)).conflicts.empty());
  }
  static std::string Read(VaultStore& store, const StateKey& key) {
    const auto entry = store.Read(key);
    if (!entry) return "(" + entry.error().message + ")";
    return entry->version == 0 ? "-" : entry->json;
  }
};

TEST_F(VaultStoreTest, InstancesShareWhatIsCrossFlowAndNothingElse) {
  const auto tenant = Make("acme");
  VaultStore one(tenant, "one");
  VaultStore two(tenant, "two");
  Commit(one, {{Flow("a"), "1"}, {Instance("a"), "1"}, {CrossFlow("a"), "1"}});
  EXPECT_EQ(Read(two, Flow("a")) + Read(two, Instance("a")) + Read(two, CrossFlow("a")), "--1");
  // Names that would run together do not.
  Commit(one, {{{StateScope::kFlow, "ab", "c"}, "1"}});
  EXPECT_EQ(Read(one, {StateScope::kFlow, "a", "bc"}), "-");
  VaultStore other(Make("other"), "one");
  EXPECT_EQ(Read(other, Flow("a")) + Read(other, CrossFlow("a")), "--");
}

TEST_F(VaultStoreTest, NeitherKeyNorValueIsInTheFile) {
  VaultStore store(Make("acme"), "canary-instance");
  Commit(store, {{Flow("canary-key", "canary-flow"), R"("canary-value")"}});
  EXPECT_THAT(AllBytes(), Not(HasSubstr("canary")));
}

TEST_F(VaultStoreTest, IsSealedLikeACredentialAndMovesWithTheDataKey) {
  const auto tenant = Make("acme");
  VaultStore store(tenant, "main");
  Commit(store, {{Flow("a"), "1"}, {Flow("b"), "2"}});
  Must(tenant->RotateDataKey());
  EXPECT_EQ(Read(store, Flow("a")), "1");
  Must(tenant->Verify());
  const std::string before = Blob(FileOf("acme"), "SELECT sealed FROM record ORDER BY field LIMIT 1");
  Tamper(FileOf("acme"), "UPDATE record SET sealed = ?1", before);
  EXPECT_THAT(Read(store, Flow("a")) + Read(store, Flow("b")), HasSubstr("is not authentic: it was changed"));
}

// Each increment is there in the end, whoever else counts.
TEST_F(VaultStoreTest, OfManyWhoCountNoneIsLost) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  Make("acme");
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      VaultStore store(OpenTenant("acme"), "main");
      for (int done = 0; done < kEach;) {
        const Entry entry = Must(store.Read(Instance("n")));
        const int count = entry.version == 0 ? 0 : std::stoi(entry.json);
        const Change change{Instance("n"), std::to_string(count + 1), entry.version};
        if (Must(store.Commit({&change, 1})).conflicts.empty()) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  VaultStore store(OpenTenant("acme"), "main");
  EXPECT_EQ(Read(store, Instance("n")), std::to_string(kThreads * kEach));
}

TEST(StateNamesTest, AnInstanceIsNamedLikeATenant) {
  for (const char* const good : {"a", "acme-1", "0.x_y"}) EXPECT_TRUE(IsInstance(good)) << good;
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("A"), std::string("a/b"),
                                 std::string("a b"), std::string(65, 'a'), std::string("ä")}) {
    EXPECT_FALSE(IsInstance(bad)) << bad;
  }
}

}  // namespace
}  // namespace warder::state

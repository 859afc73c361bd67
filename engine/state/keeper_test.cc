// State as the engine's loop asks for it.
#include "engine/state/keeper.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "engine/store/testing/scratch.h"
#include "warder/vault.h"

namespace warder::state {
namespace {

class KeeperTest : public testing::Test {
 protected:
  std::string Read(Keeper& keeper, const Owner& owner, const std::string& key) {
    std::string said;
    keeper.Read(owner, {StateScope::kInstance, "", key}, account_, [&](const Result<Entry>& entry) {
      said = !entry ? "(" + entry.error().message + ")" : entry->version == 0 ? "-" : entry->json;
    });
    EXPECT_EQ(said, "");  // from the loop, not at once
    Run();
    return said;
  }
  std::string Commit(Keeper& keeper, const Owner& owner, const std::string& key,
                     const std::optional<std::string>& json) {
    std::string said;
    keeper.Commit(owner, {{{StateScope::kInstance, "", key}, json}}, account_, [&](const Result<Committed>& committed) {
      said = committed ? "done" : "(" + committed.error().message + ")";
    });
    Run();
    return said;
  }
  void Run() {
    loop_.restart();
    loop_.run();
  }

  store::Scratch scratch_;
  boost::asio::io_context loop_{1};
  std::shared_ptr<Account> account_ = std::make_shared<Account>();
};

TEST_F(KeeperTest, AllTenantsTogetherHaveSoMuchInMemory) {
  Keeper keeper(loop_, nullptr, 100);
  const std::string value = "\"" + std::string(100, 'x') + "\"";
  EXPECT_EQ(Commit(keeper, {"acme", ""}, "a", value), "done");
  EXPECT_EQ(Commit(keeper, {"other", ""}, "a", "1"),
            "(the engine has no more room for the state of executions without an instance: 100 bytes for all tenants; "
            "give it an instance)");
  EXPECT_EQ(Commit(keeper, {"acme", ""}, "a", std::nullopt), "done");
  EXPECT_EQ(Commit(keeper, {"other", ""}, "a", "1"), "done");
}

TEST_F(KeeperTest, WithoutAnInstanceItIsInMemoryAndGoesWithTheEngine) {
  {
    Keeper keeper(loop_, nullptr);
    EXPECT_EQ(Commit(keeper, {"acme", ""}, "a", "1"), "done");
    EXPECT_EQ(Read(keeper, {"acme", ""}, "a"), "1");
    EXPECT_EQ(Read(keeper, {"other", ""}, "a"), "-");
    EXPECT_EQ(Read(keeper, {"acme", "main"}, "a"), "(there is no vault to keep the state of an instance in)");
  }
  Keeper keeper(loop_, nullptr);
  EXPECT_EQ(Read(keeper, {"acme", ""}, "a"), "-");
}

TEST_F(KeeperTest, OfAnInstanceItIsInTheTenantsFile) {
  const auto vault = Vault::Open({.folder = scratch_.folder() / "state", .key = {.file = scratch_.folder() / "kek"}});
  vault->CreateTenant("acme");
  {
    Keeper keeper(loop_, vault->stores());
    EXPECT_EQ(Commit(keeper, {"acme", ""}, "b", "1"), "done");
    EXPECT_EQ(account_->charged().count(), 0);  // the loop's own time is known to it
    EXPECT_EQ(Commit(keeper, {"acme", "main"}, "a", "1"), "done");
    EXPECT_GT(account_->charged().count(), 0);
    EXPECT_EQ(Read(keeper, {"acme", ""}, "a"), "-");
  }
  Keeper keeper(loop_, vault->stores());
  EXPECT_EQ(Read(keeper, {"acme", "main"}, "a"), "1");
  EXPECT_NE(Read(keeper, {"nobody", "main"}, "a").find("no tenant nobody"), std::string::npos);
}

TEST_F(KeeperTest, WhatNobodyWaitsForIsNotBegun) {
  const auto vault = Vault::Open({.folder = scratch_.folder() / "state", .key = {.file = scratch_.folder() / "kek"}});
  vault->CreateTenant("acme");
  Keeper keeper(loop_, vault->stores());
  account_->Close();
  EXPECT_EQ(Commit(keeper, {"acme", "main"}, "a", "1"), "(the execution is over)");
  account_ = std::make_shared<Account>();
  EXPECT_EQ(Read(keeper, {"acme", "main"}, "a"), "-");
}

TEST_F(KeeperTest, OfOneTenantWhatComesFirstIsDoneFirst) {
  const auto vault = Vault::Open({.folder = scratch_.folder() / "state", .key = {.file = scratch_.folder() / "kek"}});
  vault->CreateTenant("acme");
  Keeper keeper(loop_, vault->stores());
  std::string order;
  for (int i = 0; i < 10; ++i) {
    const StateKey key{StateScope::kInstance, "", "n"};
    keeper.Commit({"acme", "main"}, {{key, std::to_string(i)}}, account_,
                  [&](const Result<Committed>&) { order += "c"; });
    keeper.Read({"acme", "main"}, key, account_, [&](const Result<Entry>& entry) { order += entry->json; });
  }
  Run();
  EXPECT_EQ(order, "c0c1c2c3c4c5c6c7c8c9");
}

}  // namespace
}  // namespace warder::state

// A vault of a test's own in a folder of its own, and ways to lay hands on its files.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "engine/store/testing/children.h"
#include "engine/store/testing/scratch.h"
#include "engine/vault/local_key.h"
#include "engine/vault/vault.h"

namespace warder::vault {

class VaultTestCase : public testing::Test {
 protected:
  static store::TenantId Tenant(std::string_view name) { return *store::TenantId::Parse(name); }
  static std::unique_ptr<KeyEncryption> Kek(char fill = 'k') {
    return std::make_unique<LocalKey>(Secret(std::string(32, fill)));
  }

  template <typename T>
  static T Must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
  }
  static void Must(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message);
  }
  template <typename T>
  static std::string Message(const Result<T>& result) {
    return result ? "" : result.error().message;
  }

  Vault Open(char kek = 'k') const { return Must(Vault::Open(state_, Kek(kek))); }
  std::shared_ptr<TenantVault> Make(std::string_view tenant) const { return Must(Open().CreateTenant(Tenant(tenant))); }
  std::shared_ptr<TenantVault> OpenTenant(std::string_view tenant) const {
    return Must(Open().OpenTenant(Tenant(tenant)));
  }

  // Whatever is there now is replaced.
  static std::uint64_t Put(TenantVault& vault, std::string_view connection, std::string_view field,
                           std::string_view value) {
    auto transaction = Must(vault.Begin());
    const auto now = Must(transaction.Get(connection, field));
    const std::uint64_t generation = Must(transaction.Put(connection, field, value, now ? now->generation : 0));
    Must(transaction.Commit());
    return generation;
  }
  // The value, "-" where there is none, the error in brackets.
  static std::string Get(TenantVault& vault, std::string_view connection, std::string_view field) {
    const auto record = vault.Get(connection, field);
    if (!record) return "(" + record.error().message + ")";
    return *record ? std::string((*record)->value.view()) : "-";
  }
  // The same with a vault that has just been opened.
  std::string Read(std::string_view tenant, std::string_view connection, std::string_view field) const {
    const auto vault = Open().OpenTenant(Tenant(tenant));
    return vault ? Get(**vault, connection, field) : "(" + vault.error().message + ")";
  }

  std::filesystem::path FileOf(std::string_view tenant) const {
    return store::TenantStore::FileOf(state_, Tenant(tenant));
  }
  std::filesystem::path KeyringFile() const { return state_ / "keyring.db"; }

  // What somebody does who can write to the files, with SQL. `blob` is ?1.
  static void Tamper(const std::filesystem::path& file, const char* sql, std::string_view blob = {}) {
    auto database = Must(OpenRaw(file));
    auto statement = Must(database.Prepare(sql));
    if (!blob.empty()) statement.BindBlob(1, blob);
    Must(statement.Run());
  }
  static std::string Blob(const std::filesystem::path& file, const char* sql) {
    auto database = Must(OpenRaw(file));
    auto statement = Must(database.Prepare(sql));
    EXPECT_TRUE(Must(statement.Step())) << sql;
    return std::string(statement.Blob(0));
  }

  // All files of the state folder, one behind the other.
  std::string AllBytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state_)) {
      if (entry.is_regular_file()) all += store::BytesOf(entry.path());
    }
    return all;
  }

  // As somebody opens it who has no key.
  static Result<store::Database> OpenRaw(const std::filesystem::path& file) {
    // Its kind and version are as they were.
    const bool keyring = file.filename() == "keyring.db";
    static constexpr std::array<const char*, 1> kNoSteps = {""};
    return store::Database::Open(file,
                                 store::Schema{.application = keyring ? 0x5764724bu : 0x57647254u, .steps = kNoSteps},
                                 store::Database::IfMissing::kRefuse);
  }

  store::Scratch scratch_;
  std::filesystem::path state_ = scratch_.folder() / "state";
};

}  // namespace warder::vault

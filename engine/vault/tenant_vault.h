// The credentials of one tenant: named records in the tenant's file, each sealed under the tenant's data key.
//
// A record is bound to the tenant, its connection, its field and its generation, and an index that is sealed too says
// which records there are and of which generation. So a record that was moved, swapped, cut, changed, deleted or set
// back is not read: the error is kInvalidInput and names tenant, connection and field. A whole file that was set back
// is behind the epoch in the keyring, and not read either; nor is one that is further ahead of it than a crash
// explains.
//
// Field "" is the connection's own document, so that what a connection may do is as authentic as its secrets.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/secret.h"
#include "engine/store/tenant_store.h"
#include "engine/store/transaction.h"
#include "engine/vault/index.h"
#include "engine/vault/keyring.h"
#include "engine/vault/record.h"
#include "sandbox/base/result.h"

namespace warder::vault {

// Thread-safe; other processes may have the same tenant open. Errors of all functions: kInvalidInput where a file is
// not authentic or damaged, or a name or value is not allowed, or the tenant was shredded meanwhile; kInternal where
// the system failed or another process kept the file locked.
class TenantVault {
 public:
  static constexpr std::size_t kMaxNameBytes = 255;  // connections (at least 1) and fields; UTF-8 without NUL
  static constexpr std::size_t kMaxValueBytes = 1 << 20;
  static constexpr std::size_t kMaxRecords = 100'000;

  // Locks the vault against this and other processes' writes until it goes; without Commit nothing of it stays. One
  // thread uses it, the one that began it; that thread uses no other function of the vault meanwhile.
  class Transaction {
   public:
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    Result<std::optional<Record>> Get(std::string_view connection, std::string_view field);
    // Writes the record and returns its new generation. `expected`: the generation that must be there, 0: none may be.
    // Where another is, the error is kRefused and the transaction goes on as if it had not been asked.
    Result<std::uint64_t> Put(std::string_view connection, std::string_view field, std::string_view value,
                              std::uint64_t expected);
    Result<void> Remove(std::string_view connection, std::string_view field, std::uint64_t expected);
    std::vector<RecordName> List() const;
    // Appends to the tenant's audit log. Never a value of a secret. kInvalidInput: the log does not end with the entry
    // that this vault wrote last; nothing is written behind it then.
    Result<void> Audit(const boost::json::object& event);
    // For other tables of the tenant's file.
    store::Database& database();
    // Ends the transaction: all of it is on the disk, or, on an error, nothing.
    Result<void> Commit();

   private:
    friend class TenantVault;
    struct State;
    explicit Transaction(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
  };

  // The tenant's records at one moment, for as long as it lives: whoever writes is neither waited for nor held up. One
  // at a time; the thread that has it uses no other function of the vault meanwhile.
  class Reading {
   public:
    Reading(Reading&&) noexcept;
    Reading& operator=(Reading&&) = delete;
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading();

    Result<std::optional<Record>> Get(std::string_view connection, std::string_view field);
    std::vector<RecordName> List() const;

   private:
    friend class TenantVault;
    struct State;
    explicit Reading(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
  };

  // Two connections to the tenant's file.
  TenantVault(std::shared_ptr<Keyring> keyring, store::TenantStore store, store::TenantStore reader);
  TenantVault(const TenantVault&) = delete;
  TenantVault& operator=(const TenantVault&) = delete;
  ~TenantVault();

  const store::TenantId& tenant() const { return store_.tenant(); }

  Result<Transaction> Begin();
  Result<Reading> Read();
  Result<std::optional<Record>> Get(std::string_view connection, std::string_view field);
  Result<std::vector<RecordName>> List();

  // Opens every record and walks the audit log, which must end where the index says. The error names the first that is
  // wrong.
  Result<void> Verify();
  // The audit log's entries behind `after`, in their order; `each` returns false to stop. Verify says whether to
  // believe them.
  Result<void> ReadAudit(std::uint64_t after,
                         const std::function<bool(std::uint64_t sequence, std::string_view entry)>& each);

  // Seals all records anew under a new data key, in one transaction.
  Result<void> RotateDataKey();

  // The file and the keyring are of different times because somebody has put back a backup, and takes the file as it
  // is: leaves a record, and an epoch above both. Nothing happens where they fit together.
  Result<void> AcceptRestored();

 private:
  // What one access to the file stands on.
  struct View {
    Index index;
    DataKey key;           // that the file is sealed under
    Keyring::Entry entry;  // the keyring's word on it
  };
  // Begins a transaction of the file and looks at both files until they fit together, which they do at once unless
  // another process is changing them, or somebody has.
  enum class Epochs { kMustFit, kAccept };
  Result<View> Enter(store::Database& database, store::Access access, std::optional<store::Transaction>* transaction,
                     Epochs epochs = Epochs::kMustFit);
  Result<View> Look(store::Database& database, const Keyring::Entry& entry, Epochs epochs);
  Result<void> CheckEpochs(const Index& index, const Keyring::Entry& entry) const;
  // Brings the keyring up to the file, where a crash came between the two. With the file's write lock held.
  Result<void> Heal(const View& view);
  Result<Keyring::Entry> Entry();
  Result<DataKey> KeyOf(std::string_view key_id);
  // Of a data key that is not to be used from memory any more; nothing: of all.
  void ForgetKey(const std::optional<std::string>& key_id);

  std::shared_ptr<Keyring> keyring_;
  std::mutex mutex_;  // of who writes, and waits for others who do
  store::TenantStore store_;
  std::mutex read_mutex_;
  store::TenantStore reader_;
  std::mutex keys_mutex_;
  std::vector<DataKey> keys_;  // unwrapped before, so that a token is not asked again
};

}  // namespace warder::vault

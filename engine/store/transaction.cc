#include "engine/store/transaction.h"

#include <utility>

namespace warder::store {

Result<Transaction> Transaction::Begin(Database& database, Access access) {
  if (Result<void> begun = database.Run(access == Access::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"); !begun) {
    return begun.error();
  }
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // An error that SQLite has rolled back for itself leaves nothing to do, and says so.
  if (database_ != nullptr) (void)database_->Run("ROLLBACK");
}

Result<void> Transaction::Commit() {
  Result<void> committed = database_->Run("COMMIT");
  if (!committed) (void)database_->Run("ROLLBACK");
  database_ = nullptr;
  return committed;
}

}  // namespace warder::store

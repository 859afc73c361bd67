// A transaction of one database: all of it or nothing.
#pragma once

#include "engine/store/database.h"

namespace warder::store {

// kWrite takes the file's only write lock at once (BEGIN IMMEDIATE), so that what was read in it still holds when it
// commits. kRead sees one state of the file from its first statement on, whatever others write meanwhile.
enum class Access { kRead, kWrite };

// Rolled back when it goes without Commit. Does not outlive its database; one at a time per database.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database, Access access);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  // On an error nothing of it is in the file.
  Result<void> Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;  // nothing when it has ended
};

}  // namespace warder::store

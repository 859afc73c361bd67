// A file's version, and how it becomes the one of this program.
#include <string>

#include "engine/store/connection.h"
#include "engine/store/transaction.h"

namespace warder::store {
namespace {

Result<std::uint64_t> Ask(Database& database, const char* pragma) {
  Result<Statement> statement = database.Prepare(pragma);
  if (!statement) return statement.error();
  if (const Result<bool> row = statement->Step(); !row) return row.error();
  return statement->Integer(0);
}

Result<bool> IsEmpty(Database& database) {
  const Result<std::uint64_t> tables = Ask(database, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  return *tables == 0;
}

}  // namespace

Result<bool> Database::IsCurrent(const Schema& schema) {
  const Result<std::uint64_t> application = Ask(*this, "PRAGMA application_id");
  if (!application) return application.error();
  const Result<std::uint64_t> version = Ask(*this, "PRAGMA user_version");
  if (!version) return version.error();
  if (*application != schema.application) {
    const Result<bool> empty = IsEmpty(*this);
    if (!empty) return empty.error();
    if (*application != 0 || *version != 0 || !*empty) {
      return InvalidInput(file().string() + " is not a file of this kind; it was put here by something else");
    }
  }
  if (*version > schema.steps.size()) {
    return InvalidInput(file().string() + " was written by a newer version of Warder (its format is " +
                        std::to_string(*version) + ", this one knows " + std::to_string(schema.steps.size()) +
                        "); use that one");
  }
  return *version == schema.steps.size();
}

Result<void> Database::Migrate(const Schema& schema) {
  Result<bool> done = IsCurrent(schema);
  if (!done) return done.error();
  if (*done) return {};
  Result<Transaction> transaction = Transaction::Begin(*this, Access::kWrite);
  if (!transaction) return transaction.error();
  // Another process may have been first.
  done = IsCurrent(schema);
  if (!done) return done.error();
  if (*done) return transaction->Commit();
  const Result<std::uint64_t> version = Ask(*this, "PRAGMA user_version");
  if (!version) return version.error();
  for (std::size_t at = *version; at < schema.steps.size(); ++at) {
    if (Result<void> step = Run(schema.steps[at]); !step) return step;
  }
  const std::string mark = "PRAGMA application_id=" + std::to_string(schema.application) +
                           ";PRAGMA user_version=" + std::to_string(schema.steps.size());
  if (Result<void> marked = Run(mark.c_str()); !marked) return marked;
  return transaction->Commit();
}

}  // namespace warder::store

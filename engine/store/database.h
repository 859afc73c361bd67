// One SQLite file: opened for us alone, durable, and with what SQLite trusts of a file turned off.
//
// WAL, synchronous=FULL (a commit is on the disk), secure_delete (what is deleted is overwritten in the file),
// trusted_schema off, defensive, cell_size_check, foreign keys, no memory mapping, no temporary files. Whoever writes
// at the same time is waited for up to kBusyWait. Files are made and brought up to date one at a time in a folder; who
// opens one that is as it should be waits for nobody else's.
//
// Errors: kInvalidInput where the file is damaged, not ours, or not private to this user; kInternal where the system
// or another process stopped us. Each names the file. Not thread-safe: one thread at a time for a Database and all of
// its statements.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace warder::store {

// What the files of one kind have in common. The steps bring an older file up to date, in one transaction: the SQL at
// position N makes version N + 1 of version N; a new file is version 0.
struct Schema {
  std::uint32_t application = 0;  // PRAGMA application_id: what kind of file it is
  std::span<const char* const> steps;
};

class Statement;

class Database {
 public:
  static constexpr std::chrono::milliseconds kBusyWait{10'000};
  enum class IfMissing { kRefuse, kMake };

  // Opens `file`, in a folder that is there and private, and brings it up to `schema`. A file of a newer version, or of
  // another kind, is refused.
  static Result<Database> Open(const std::filesystem::path& file, const Schema& schema, IfMissing if_missing,
                               std::chrono::milliseconds busy_wait = kBusyWait);

  // One statement of SQL, which is text of the program: never put a value into it.
  Result<Statement> Prepare(const char* sql);
  // Statements without parameters and without rows.
  Result<void> Run(const char* sql);

  // Brings what the write-ahead log holds into the file, and the log to no bytes, so that what was deleted is in
  // neither. Waits for the readers of older states.
  Result<void> EmptyLog();

  const std::filesystem::path& file() const;

 private:
  friend class Statement;
  struct Connection;
  struct Close {
    void operator()(Connection* connection) const;
  };

  explicit Database(std::unique_ptr<Connection, Close> connection);
  // With what SQLite trusts turned off, and nothing asked of the file yet.
  static Result<Database> Connect(const std::filesystem::path& file, std::chrono::milliseconds busy_wait);
  Result<void> Configure();
  // Whether it is of the schema's version. An error: it is of another kind, or newer.
  Result<bool> IsCurrent(const Schema& schema);
  Result<void> Migrate(const Schema& schema);

  std::unique_ptr<Connection, Close> connection_;
};

// A prepared statement: bind, then step; Reset to use it again. Does not outlive its database.
class Statement {
 public:
  // Parameters count from 1. What is bound is copied.
  Statement& BindText(int parameter, std::string_view text);
  Statement& BindBlob(int parameter, std::string_view bytes);
  // At most 2^63 - 1.
  Statement& BindInteger(int parameter, std::uint64_t value);

  // True: there is a row. An error of Bind is told here.
  Result<bool> Step();
  // For statements that give no row.
  Result<void> Run();
  void Reset();

  // Columns count from 0. Views are valid until the next Step or Reset. What has another type in the file, or is a
  // number below 0, reads as nothing or 0: the tables are STRICT and what they hold is checked by who wrote it.
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  std::uint64_t Integer(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(Database::Connection* connection, sqlite3_stmt* statement);
  Statement& Bound(int code);

  Database::Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;
};

}  // namespace warder::store

#include "engine/store/database.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>

#include "engine/store/connection.h"
#include "engine/store/private_files.h"
#include "engine/store/transaction.h"
#include "sandbox/base/unique_fd.h"

namespace warder::store {
namespace fs = std::filesystem;
namespace {

// More than any row of ours; what is longer in a file is not ours.
constexpr int kMaxRowBytes = 64 << 20;

constexpr std::chrono::milliseconds kLockPause{5};  // between two tries to get a folder's lock

std::string Because(int error) { return std::generic_category().message(error); }

struct Switch {
  int option;
  int value;
};
constexpr std::array kSwitches = {
    Switch{SQLITE_DBCONFIG_DEFENSIVE, 1},       Switch{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    Switch{SQLITE_DBCONFIG_ENABLE_FKEY, 1},     Switch{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
    Switch{SQLITE_DBCONFIG_ENABLE_VIEW, 0},     Switch{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    Switch{SQLITE_DBCONFIG_DQS_DDL, 0},         Switch{SQLITE_DBCONFIG_DQS_DML, 0},
    Switch{SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
};

// Of the file, in which others of ours may stand already: links above it are theirs to answer for.
Result<fs::path> RealPlace(const fs::path& file) {
  std::error_code error;
  const fs::path folder = fs::canonical(file.parent_path().empty() ? "." : file.parent_path(), error);
  if (error) return InvalidInput("cannot open " + file.string() + ": " + error.message());
  return folder / file.filename();
}

// One process at a time brings a file of this folder up: SQLite does not wait for another that is just making the same
// new file one with a write-ahead log. A process that was stopped with the lock is not waited for longer than `wait`.
Result<UniqueFd> LockFolder(const fs::path& folder, std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  UniqueFd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return Internal("cannot lock the folder " + folder.string() + ": " + Because(errno));
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return Internal("cannot lock the folder " + folder.string() + ": " + Because(errno));
    if (std::chrono::steady_clock::now() >= until) {
      return Internal("another process has kept the folder " + folder.string() + " locked for " +
                      std::to_string(wait.count()) + " ms");
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return lock;
}

}  // namespace

void Database::Close::operator()(Connection* connection) const { delete connection; }

Database::Database(std::unique_ptr<Connection, Close> connection) : connection_(std::move(connection)) {}

const fs::path& Database::file() const { return connection_->file; }

Result<Database> Database::Open(const fs::path& file, const Schema& schema, IfMissing if_missing,
                                std::chrono::milliseconds busy_wait) {
  Result<fs::path> place = RealPlace(file);
  if (!place) return place.error();
  std::error_code error;
  if (fs::exists(fs::symlink_status(*place, error))) {
    const auto began = std::chrono::steady_clock::now();
    Result<Database> database = Connect(*place, busy_wait);
    const Result<bool> current = database ? database->IsCurrent(schema) : Result<bool>(database.error());
    if (current && *current) {
      if (Result<void> done = database->Configure(); !done) return done.error();
      return database;
    }
    // Whoever is just making it has it for a moment; who has it locked for longer is not waited for once more.
    if (!current && current.error().kind == ErrorKind::kInternal &&
        std::chrono::steady_clock::now() - began >= busy_wait / 2) {
      return current.error();
    }
  }
  const Result<UniqueFd> lock = LockFolder(place->parent_path(), busy_wait);
  if (!lock) return lock.error();
  if (if_missing == IfMissing::kMake) {
    // SQLite gives its log and its lock file the mode of the file.
    if (const Result<bool> made = MakePrivateFile(*place); !made) return made.error();
  }
  Result<Database> database = Connect(*place, busy_wait);
  if (!database) return database;
  if (Result<void> done = database->Configure(); !done) return done.error();
  if (Result<void> done = database->Migrate(schema); !done) return done.error();
  return database;
}

Result<Database> Database::Connect(const fs::path& file, std::chrono::milliseconds busy_wait) {
  if (Result<void> checked = CheckPrivateFile(file); !checked) return checked.error();
  std::unique_ptr<Connection, Close> connection(new Connection);
  connection->file = file;
  const int code = sqlite3_open_v2(connection->file.c_str(), &connection->handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                                       SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE,
                                   nullptr);
  if (code != SQLITE_OK) return connection->Failure(code);
  sqlite3* const handle = connection->handle;
  sqlite3_busy_timeout(handle, static_cast<int>(busy_wait.count()));
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxRowBytes);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 1);  // what a foreign key does counts as one
  for (const Switch& each : kSwitches) {
    int now = -1;
    const int done = sqlite3_db_config(handle, each.option, each.value, &now);
    if (done != SQLITE_OK || now != each.value) return Internal("this SQLite lacks an option that Warder needs");
  }
  return Database(std::move(connection));
}

Result<void> Database::Configure() {
  // Answers with the mode that it has come to, which is another where the file system has no shared memory.
  Result<Statement> mode = Prepare("PRAGMA journal_mode=WAL");
  if (!mode) return mode.error();
  Result<bool> row = mode->Step();
  if (!row) return row.error();
  if (mode->Text(0) != "wal") {
    return InvalidInput("the file system of " + file().string() + " cannot hold a write-ahead log; use a local one");
  }
  mode->Reset();
  return Run(
      "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
      "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=0");
}

Result<Statement> Database::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection_->handle, sql, -1, &statement, nullptr);
  if (code == SQLITE_ERROR) {
    // Our SQL is right for our tables, so the file has others.
    return InvalidInput(file().string() + " is damaged: " + sqlite3_errmsg(connection_->handle) +
                        "; put a copy from a backup in its place");
  }
  if (code != SQLITE_OK) return connection_->Failure(code);
  return Statement(connection_.get(), statement);
}

Result<void> Database::Run(const char* sql) {
  const int code = sqlite3_exec(connection_->handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return connection_->Failure(code);
  return {};
}

Result<void> Database::EmptyLog() {
  Result<Statement> checkpoint = Prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!checkpoint) return checkpoint.error();
  const Result<bool> row = checkpoint->Step();
  if (!row) return row.error();
  // Its first column is 1 where somebody's reading or writing has kept it from the end.
  if (checkpoint->Integer(0) != 0) return connection_->Failure(SQLITE_BUSY);
  return {};
}

}  // namespace warder::store

#include "engine/store/connection.h"

namespace warder::store {

Error Database::Connection::Failure(int code) const {
  const std::string name = file.string();
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_SCHEMA:
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Internal("another process has kept " + name + " locked for " + std::to_string(kBusyWait.count() / 1000) +
                      " s");
    case SQLITE_FULL:
      return Internal("cannot write " + name + ": the disk is full");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return InvalidInput("cannot open " + name + " for writing (" + sqlite3_errstr(code) + ")");
    case SQLITE_NOMEM:
      return Internal("out of memory at " + name);
    default:
      return Internal("cannot read or write " + name + ": " + sqlite3_errmsg(handle) + " (" + std::to_string(code) +
                      ")");
  }
  return InvalidInput(name + " is damaged (" + sqlite3_errstr(code) + "); put a copy from a backup in its place");
}

}  // namespace warder::store

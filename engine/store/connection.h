// What a Database and its statements share, and how SQLite's answers become errors.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "engine/store/database.h"

namespace warder::store {

struct Database::Connection {
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { sqlite3_close_v2(handle); }

  // One sentence for what `code` says.
  Error Failure(int code) const;

  std::filesystem::path file;
  sqlite3* handle = nullptr;
};

}  // namespace warder::store

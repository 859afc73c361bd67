#include <limits>

#include "engine/store/connection.h"

namespace warder::store {
namespace {

int Size(std::string_view bytes) {
  return static_cast<int>(std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max()));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database::Connection* connection, sqlite3_stmt* statement)
    : connection_(connection), statement_(statement) {}

Statement& Statement::Bound(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::BindText(int parameter, std::string_view text) {
  return Bound(
      sqlite3_bind_text(statement_.get(), parameter, text.empty() ? "" : text.data(), Size(text), SQLITE_TRANSIENT));
}

Statement& Statement::BindBlob(int parameter, std::string_view bytes) {
  // A null pointer would be NULL, which is not the empty blob.
  return Bound(
      sqlite3_bind_blob(statement_.get(), parameter, bytes.empty() ? "" : bytes.data(), Size(bytes), SQLITE_TRANSIENT));
}

Statement& Statement::BindInteger(int parameter, std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<sqlite3_int64>::max())) return Bound(SQLITE_TOOBIG);
  return Bound(sqlite3_bind_int64(statement_.get(), parameter, static_cast<sqlite3_int64>(value)));
}

Result<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return connection_->Failure(bind_error_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->Failure(code);
}

Result<void> Statement::Run() {
  const Result<bool> row = Step();
  Reset();
  if (!row) return row.error();
  return {};
}

void Statement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bind_error_ = SQLITE_OK;
}

std::string_view Statement::Text(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_TEXT) return {};
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::Blob(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_BLOB) return {};
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::uint64_t Statement::Integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_INTEGER) return 0;
  const sqlite3_int64 value = sqlite3_column_int64(statement_.get(), column);
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

}  // namespace warder::store

// SPDX-License-Identifier: Apache-2.0
#include "database.hpp"

#include <cstring>
#include <optional>
#include <sqlite3.h>
#include <utility>

// Owns the handles of SQLite. Knows nothing of what is stored.
namespace dropwarden::store {
namespace {

// How long another process may hold a lock, say a person with sqlite3(1), before a commit is put off.
constexpr int busy_milliseconds = 1000;

std::string text_of(std::string_view call, sqlite3* database, int code) {
  std::string text(call);
  text += ": ";
  text += database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  const int number = database == nullptr ? 0 : sqlite3_system_errno(database);
  const int primary = code & 0xff;
  const bool is_systems = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL;
  if (is_systems && number != 0) text += std::string(" (") + std::strerror(number) + ")";
  return text;
}

}  // namespace

DatabaseError::DatabaseError(std::string_view call, sqlite3* database, int code)
    : std::runtime_error(text_of(call, database, code)), code_(code & 0xff) {}

bool DatabaseError::is_damage() const {
  return code_ == SQLITE_CORRUPT || code_ == SQLITE_NOTADB || code_ == SQLITE_FORMAT;
}

bool DatabaseError::is_busy() const {
  return code_ == SQLITE_BUSY || code_ == SQLITE_LOCKED;
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  check("prepare", sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  statement_.reset(statement);
}

Statement& Statement::bind(int parameter, std::int64_t number) {
  check("bind", sqlite3_bind_int64(statement_.get(), parameter, number));
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  check("bind", sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_STATIC,
                                    SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(int parameter, std::span<const std::byte> bytes) {
  check("bind", sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  check("bind", sqlite3_bind_null(statement_.get(), parameter));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  // Ready for the next run whatever became of this one; but the message is that of the step.
  std::optional<DatabaseError> error;
  if (code != SQLITE_DONE) error.emplace("step", database_, code);
  sqlite3_reset(statement_.get());
  if (error) throw std::move(*error);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return text == nullptr
             ? std::string_view{}
             : std::string_view(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

std::span<const std::byte> Statement::bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::rows_scanned() const {
  return sqlite3_stmt_status(statement_.get(), SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
}

std::int64_t Statement::machine_steps() const {
  return sqlite3_stmt_status(statement_.get(), SQLITE_STMTSTATUS_VM_STEP, 0);
}

void Statement::check(std::string_view call, int code) const {
  if (code != SQLITE_OK) throw DatabaseError(call, database_, code);
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Database::Database(const std::string& path, Access access) {
  sqlite3* database = nullptr;
  // It is handed from thread to thread, and never used by two at once.
  constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  constexpr int write = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  constexpr int read = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW;
  const int flags = common | (access == Access::write ? write : read);
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  handle_.reset(database);
  if (code != SQLITE_OK) throw DatabaseError("open", database, code);
  sqlite3_busy_timeout(database, busy_milliseconds);
  if (access == Access::write) return;
  // https://sqlite.org/security.html: what the schema of somebody else's file could do, it cannot.
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  execute("PRAGMA cell_size_check = ON");
  execute("PRAGMA temp_store = MEMORY");
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw DatabaseError(sql.substr(0, sql.find_first_of(" (\n")), handle_.get(), code);
}

std::int64_t Database::read_number(const std::string& sql) {
  Statement statement(handle_.get(), sql);
  const std::int64_t number = statement.step() ? statement.number(0) : 0;
  return number;
}

std::string Database::read_text(const std::string& sql) {
  Statement statement(handle_.get(), sql);
  return statement.step() ? std::string(statement.text(0)) : std::string();
}

Transaction::Transaction(Database& database, Database::Access access) : database_(database) {
  database_.execute(access == Database::Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (is_committed_) return;
  // Some failures (SQLITE_FULL, SQLITE_IOERR) have rolled back already; then this says that there is none.
  sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  is_committed_ = true;
}

}  // namespace dropwarden::store

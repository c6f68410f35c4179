// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace dropwarden::store {

// What SQLite says of a failure. `what()` names the call and the reason, with errno's text where the system
// said no.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(std::string_view call, sqlite3* database, int code);
  // The primary result code, https://sqlite.org/rescode.html.
  int code() const { return code_; }
  // The bytes of the file are not those of a sound database.
  bool is_damage() const;
  // Another process has locked it for now.
  bool is_busy() const;

 private:
  int code_;
};

// A prepared statement. Parameters are numbered from 1, columns from 0; bound bytes must stay until it is
// run.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);

  Statement& bind(int parameter, std::int64_t number);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::span<const std::byte> bytes);
  Statement& bind_null(int parameter);

  // The next row; false at the end, when it may be bound and run anew.
  bool step();
  // For what gives no row.
  void run();

  std::int64_t number(int column) const;
  std::string_view text(int column) const;             // until the next step
  std::span<const std::byte> bytes(int column) const;  // likewise
  bool is_null(int column) const;

  // Since it was prepared, https://sqlite.org/c3ref/c_stmtstatus_counter.html: rows that were passed without
  // the help of an index, and steps of the virtual machine.
  std::int64_t rows_scanned() const;
  std::int64_t machine_steps() const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void check(std::string_view call, int code) const;

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// An open database, used by one thread at a time. All members throw DatabaseError.
class Database {
 public:
  enum class Access {
    write,  // the file is made where it is missing
    read,   // nothing of it is changed, nor trusted: another user may have written it
  };
  explicit Database(const std::string& path, Access access = Access::write);

  sqlite3* handle() const { return handle_.get(); }
  void execute(const std::string& sql);
  std::int64_t read_number(const std::string& sql);
  std::string read_text(const std::string& sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// All or nothing: rolled back unless it was committed. One to read holds nobody up, but what others write
// meanwhile cannot leave the write-ahead log: it should be short.
class Transaction {
 public:
  explicit Transaction(Database& database, Database::Access access = Database::Access::write);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool is_committed_ = false;
};

}  // namespace dropwarden::store

// SPDX-License-Identifier: Apache-2.0
#include "support/database.hpp"

#include <sqlite3.h>
#include <stdexcept>

namespace dropwarden::test {
namespace {

using Opened = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;

Opened open(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  Opened database(opened, sqlite3_close_v2);
  if (code != SQLITE_OK) throw std::runtime_error(path + ": " + sqlite3_errmsg(opened));
  sqlite3_busy_timeout(opened, 5000);
  return database;
}

}  // namespace

std::int64_t read_number(const std::string& path, const std::string& sql) {
  const Opened database = open(path);
  std::int64_t number = 0;
  const auto take = [](void* into, int, char** values, char**) {
    *static_cast<std::int64_t*>(into) = values[0] == nullptr ? 0 : std::stoll(values[0]);
    return 0;
  };
  if (sqlite3_exec(database.get(), sql.c_str(), take, &number, nullptr) != SQLITE_OK)
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(database.get()));
  return number;
}

HeldDatabase::HeldDatabase(const std::string& path) : database_(open(path)) {
  if (sqlite3_exec(database_.get(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(path + ": " + sqlite3_errmsg(database_.get()));
}

}  // namespace dropwarden::test

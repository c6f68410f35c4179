// SPDX-License-Identifier: Apache-2.0
#include "support/database.hpp"

#include <memory>
#include <sqlite3.h>
#include <stdexcept>

namespace dropwarden::test {

std::int64_t read_number(const std::string& path, const std::string& sql) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(opened, sqlite3_close_v2);
  if (code != SQLITE_OK) throw std::runtime_error(path + ": " + sqlite3_errmsg(opened));
  sqlite3_busy_timeout(opened, 5000);
  std::int64_t number = 0;
  const auto take = [](void* into, int, char** values, char**) {
    *static_cast<std::int64_t*>(into) = values[0] == nullptr ? 0 : std::stoll(values[0]);
    return 0;
  };
  if (sqlite3_exec(opened, sql.c_str(), take, &number, nullptr) != SQLITE_OK)
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(opened));
  return number;
}

}  // namespace dropwarden::test

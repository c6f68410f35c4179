// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct sqlite3;

namespace dropwarden::test {

// The first column of the first row that `sql` gives in the SQLite database `path`, opened for this alone; 0
// without a row. Throws std::runtime_error.
std::int64_t read_number(const std::string& path, const std::string& sql);

// Nobody else writes to the SQLite database `path` as long as there is one. Throws std::runtime_error.
class HeldDatabase {
 public:
  explicit HeldDatabase(const std::string& path);

 private:
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
};

}  // namespace dropwarden::test

// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/read_record.hpp"

#include <filesystem>
#include <stdexcept>

#include "database.hpp"

namespace dropwarden::store {

std::vector<std::string> read_records(const std::string& path, const std::string& id) {
  // SQLite would make it.
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw std::runtime_error("there is no database " + path);
  Database database(path, Database::Access::read);
  Statement statement(database.handle(), R"sql(
SELECT json FROM finding JOIN record USING(seq) WHERE substr(id, 1, length(?1)) = ?1 ORDER BY seq DESC LIMIT 2)sql");
  statement.bind(1, std::string_view(id));
  std::vector<std::string> records;
  while (statement.step()) records.emplace_back(statement.text(0));
  return records;
}

}  // namespace dropwarden::store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace dropwarden::test {

// The first column of the first row that `sql` gives in the SQLite database `path`, opened for this alone; 0
// without a row. Throws std::runtime_error.
std::int64_t read_number(const std::string& path, const std::string& sql);

}  // namespace dropwarden::test

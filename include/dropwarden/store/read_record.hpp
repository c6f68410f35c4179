// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace dropwarden::store {

// The newest records, in the native format, of the findings whose id begins with `id`: at most two, so that
// one can tell whether it is only one. Reads beside a daemon that has the database. Throws
// std::runtime_error when `path` cannot be read or is no database.
std::vector<std::string> read_records(const std::string& path, const std::string& id);

}  // namespace dropwarden::store

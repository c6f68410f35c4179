// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

#include "dropwarden/store/store.hpp"

#include "database.hpp"

namespace dropwarden::store {

// The file is a database, but not one that this program may use; the text says what to do.
class ForeignDatabase : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Sets how the database is written, makes the tables where it is new, and brings those of an older version up
// to this one. Throws ForeignDatabase, with the file as it was, when it is another program's or a newer
// version's, and DatabaseError.
void prepare_schema(Database& database, Fsync fsync);

// Throws ForeignDatabase unless the tables are those of this version, and DatabaseError. Writes nothing.
void check_schema(Database& database);

}  // namespace dropwarden::store

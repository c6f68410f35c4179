// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "database.hpp"
#include "outgoing.hpp"

namespace dropwarden::store {

// The tables of messages that wait for outputs, and of the cursors of these. Made where they are missing,
// whatever version of the schema the database has. All members throw DatabaseError. One thread at a time.
class OutboxTable {
 public:
  explicit OutboxTable(Database& database);

  Cursors read_cursors();
  // By the name of the mailbox; revisions that it may not want are counted, too.
  std::map<std::string, Outgoing::Backlog> read_backlogs();
  std::uint64_t read_last_number();
  // The oldest of what a wish asks for.
  Refill read(const Wish& wish);

  // Within a transaction of the caller's, all of these.
  void write(const model::Message& message);
  void write(const std::string& mailbox, const Cursor& cursor);
  void remove(const std::string& mailbox);
  // What every mailbox of `cursors` has, and what none of them wants.
  void remove_delivered(const Cursors& cursors);
  // Removes the oldest messages beyond `max_bytes`. How many of them each of `needs` had not got.
  std::map<std::string, std::uint64_t> prune(std::uint64_t max_bytes, const std::vector<Wish>& needs);

  // At least as many as the messages have.
  std::uint64_t bytes() const { return bytes_; }

 private:
  Database& database_;
  std::uint64_t bytes_ = 0;  // of the messages, or more: what is removed is subtracted when it matters
};

}  // namespace dropwarden::store

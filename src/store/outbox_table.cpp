// SPDX-License-Identifier: Apache-2.0
#include "outbox_table.hpp"

#include <chrono>
#include <memory>
#include <set>

namespace dropwarden::store {
namespace {

constexpr const char* tables = R"sql(
CREATE TABLE IF NOT EXISTS outbox(
  number INTEGER PRIMARY KEY,
  encoding TEXT NOT NULL,
  id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  is_first INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  time INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cursor(
  mailbox TEXT PRIMARY KEY,
  encoding TEXT NOT NULL,
  number INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

// What is over the limit is removed down to this share of it, so that it is not looked at again for each
// message.
constexpr std::uint64_t kept_parts = 15;
constexpr std::uint64_t parts = 16;

std::int64_t to_number(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

model::SharedMessage to_message(const Statement& row, const std::string& encoding) {
  model::Message message{.number = static_cast<std::uint64_t>(row.number(0)),
                         .encoding = encoding,
                         .id = std::string(row.text(1)),
                         .revision = static_cast<unsigned>(row.number(2)),
                         .is_first = row.number(3) != 0,
                         .severity = static_cast<model::Severity>(row.number(4)),
                         .time = util::WallTime{std::chrono::nanoseconds{row.number(5)}},
                         .body = {}};
  message.since = waiting_since(message.time);
  const auto body = row.bytes(6);
  // Bytes as characters: std::byte may alias any object.
  message.body.assign(reinterpret_cast<const char*>(body.data()),
                      body.size());  // NOLINT(*-reinterpret-cast)
  return std::make_shared<const model::Message>(std::move(message));
}

}  // namespace

OutboxTable::OutboxTable(Database& database) : database_(database) {
  database_.execute(tables);
  bytes_ =
      static_cast<std::uint64_t>(database_.read_number("SELECT coalesce(sum(length(body)), 0) FROM outbox"));
}

Cursors OutboxTable::read_cursors() {
  Statement statement(database_.handle(), "SELECT mailbox, encoding, number FROM cursor");
  Cursors cursors;
  while (statement.step())
    cursors[std::string(statement.text(0))] = {.encoding = std::string(statement.text(1)),
                                               .number = static_cast<std::uint64_t>(statement.number(2))};
  return cursors;
}

std::map<std::string, Outgoing::Backlog> OutboxTable::read_backlogs() {
  Statement statement(database_.handle(), R"sql(
SELECT mailbox, count(*), min(time) FROM cursor JOIN outbox USING(encoding)
WHERE outbox.number > cursor.number GROUP BY mailbox)sql");
  std::map<std::string, Outgoing::Backlog> backlogs;
  while (statement.step())
    backlogs[std::string(statement.text(0))] = {
        .messages = static_cast<std::uint64_t>(statement.number(1)),
        .oldest = util::WallTime{std::chrono::nanoseconds{statement.number(2)}}};
  return backlogs;
}

std::uint64_t OutboxTable::read_last_number() {
  // Messages that were delivered are not there any more; a cursor remembers them.
  return static_cast<std::uint64_t>(database_.read_number(
      "SELECT max(coalesce((SELECT max(number) FROM outbox), 0), coalesce((SELECT max(number) FROM cursor), "
      "0))"));
}

Refill OutboxTable::read(const Wish& wish) {
  Statement statement(database_.handle(), R"sql(
SELECT number, id, revision, is_first, severity, time, body FROM outbox
WHERE number > ?1 AND encoding = ?2 AND (?3 OR is_first) ORDER BY number)sql");
  statement.bind(1, to_number(wish.after))
      .bind(2, std::string_view(wish.encoding))
      .bind(3, std::int64_t{wish.has_revisions});
  Refill refill;
  std::size_t bytes = 0;
  while (statement.step()) {
    bytes += statement.bytes(6).size();
    const bool is_full = refill.messages.size() >= wish.max_messages || bytes > wish.max_bytes;
    refill.is_cut = is_full && !refill.messages.empty();
    if (refill.is_cut) break;
    refill.messages.push_back(to_message(statement, wish.encoding));
  }
  return refill;
}

void OutboxTable::write(const model::Message& message) {
  Statement statement(database_.handle(), R"sql(
INSERT OR REPLACE INTO outbox(number, encoding, id, revision, is_first, severity, time, body)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))sql");
  const std::span<const char> body(message.body);
  statement.bind(1, to_number(message.number))
      .bind(2, std::string_view(message.encoding))
      .bind(3, std::string_view(message.id))
      .bind(4, std::int64_t{message.revision})
      .bind(5, std::int64_t{message.is_first})
      .bind(6, static_cast<std::int64_t>(message.severity))
      .bind(7, message.time.time_since_epoch().count())
      .bind(8, std::as_bytes(body))
      .run();
  bytes_ += message.body.size();
}

void OutboxTable::write(const std::string& mailbox, const Cursor& cursor) {
  Statement statement(database_.handle(),
                      "INSERT OR REPLACE INTO cursor(mailbox, encoding, number) VALUES(?1, ?2, ?3)");
  statement.bind(1, std::string_view(mailbox))
      .bind(2, std::string_view(cursor.encoding))
      .bind(3, to_number(cursor.number))
      .run();
}

void OutboxTable::remove(const std::string& mailbox) {
  Statement statement(database_.handle(), "DELETE FROM cursor WHERE mailbox = ?1");
  statement.bind(1, std::string_view(mailbox)).run();
}

void OutboxTable::remove_delivered(const Cursors& cursors) {
  std::map<std::string, std::uint64_t> through;
  for (const auto& [mailbox, cursor] : cursors) {
    const auto [found, is_new] = through.emplace(cursor.encoding, cursor.number);
    if (!is_new) found->second = std::min(found->second, cursor.number);
  }
  Statement encodings(database_.handle(), "SELECT DISTINCT encoding FROM outbox");
  std::set<std::string> stored;
  while (encodings.step()) stored.emplace(encodings.text(0));
  for (const std::string& encoding : stored) {
    const auto found = through.find(encoding);
    Statement statement(database_.handle(), "DELETE FROM outbox WHERE encoding = ?1 AND number <= ?2");
    statement.bind(1, std::string_view(encoding))
        .bind(2, found == through.end() ? INT64_MAX : to_number(found->second))
        .run();
  }
}

std::map<std::string, std::uint64_t> OutboxTable::prune(std::uint64_t max_bytes,
                                                        const std::vector<Wish>& needs) {
  if (bytes_ <= max_bytes) return {};
  bytes_ =
      static_cast<std::uint64_t>(database_.read_number("SELECT coalesce(sum(length(body)), 0) FROM outbox"));
  if (bytes_ <= max_bytes) return {};
  const std::uint64_t excess = bytes_ - max_bytes / parts * kept_parts;
  Statement oldest(database_.handle(), "SELECT number, length(body) FROM outbox ORDER BY number");
  std::int64_t last = 0;
  for (std::uint64_t removed = 0; removed < excess && oldest.step();) {
    last = oldest.number(0);
    removed += static_cast<std::uint64_t>(oldest.number(1));
  }
  std::map<std::string, std::uint64_t> lost;
  for (const Wish& need : needs) {
    Statement count(database_.handle(), R"sql(
SELECT count(*) FROM outbox WHERE number > ?1 AND number <= ?2 AND encoding = ?3 AND (?4 OR is_first))sql");
    count.bind(1, to_number(need.after))
        .bind(2, last)
        .bind(3, std::string_view(need.encoding))
        .bind(4, std::int64_t{need.has_revisions});
    while (count.step()) {
      if (count.number(0) > 0) lost[need.mailbox] = static_cast<std::uint64_t>(count.number(0));
    }
  }
  Statement statement(database_.handle(), "DELETE FROM outbox WHERE number <= ?1");
  statement.bind(1, last).run();
  bytes_ =
      static_cast<std::uint64_t>(database_.read_number("SELECT coalesce(sum(length(body)), 0) FROM outbox"));
  return lost;
}

}  // namespace dropwarden::store

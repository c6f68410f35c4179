// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/reader.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unordered_set>
#include <utility>

#include "dropwarden/util/escape.hpp"

#include "database.hpp"
#include "query_sql.hpp"
#include "schema.hpp"

// Owns a connection that only reads. No statement stays open between two rows: a reader that stops (a pager)
// would keep the daemon's log from being begun anew.
namespace dropwarden::store {
namespace {

constexpr const char* row_of = R"sql(
SELECT id, revision, is_final, told, first_seen, last_seen, count, workload.container, name, image, pod, namespace,
       kind, severity, decision, path, path_state, size, sha256, json
FROM finding LEFT JOIN workload ON number = workload LEFT JOIN record USING(seq) WHERE seq = ?1)sql";

// Of some KiB each, in memory at once.
constexpr std::size_t rows_at_once = 128;

std::string text(const Statement& row, int column) {
  return std::string(row.text(column));
}

util::WallTime time(const Statement& row, int column) {
  return util::WallTime{std::chrono::nanoseconds{row.number(column)}};
}

FoundFinding to_finding(const Statement& row) {
  FoundFinding finding{.id = text(row, 0),
                       .revision = static_cast<unsigned>(row.number(1)),
                       .is_final = row.number(2) != 0,
                       .told = static_cast<unsigned>(row.number(3)),
                       .time = time(row, 4),
                       .last_seen = time(row, 5),
                       .count = static_cast<std::uint64_t>(row.number(6)),
                       .workload = {.container = text(row, 7),
                                    .name = text(row, 8),
                                    .image = text(row, 9),
                                    .pod = text(row, 10),
                                    .name_space = text(row, 11)},
                       .kind = text(row, 12),
                       .severity = static_cast<unsigned>(row.number(13)),
                       .decision = text(row, 14),
                       .path = text(row, 15),
                       .path_state = text(row, 16),
                       .size = static_cast<std::uint64_t>(row.number(17)),
                       .sha256 = text(row, 18),
                       .record = std::nullopt};
  if (!row.is_null(19)) finding.record = text(row, 19);
  return finding;
}

// `is_wanted_path(path)` in SQL.
void call_is_wanted_path(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto& is_wanted =
      *static_cast<const std::function<bool(std::string_view)>*>(sqlite3_user_data(context));
  const auto* path = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
  try {
    sqlite3_result_int(context,
                       is_wanted(path == nullptr ? std::string_view{} : std::string_view(path, size)));
  } catch (const std::exception& error) {  // C code is in between
    sqlite3_result_error(context, error.what(), -1);
  }
}

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity identity_of(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

}  // namespace

class Reader::Impl {
 public:
  explicit Impl(const std::string& path)
      : path_(path), identity_(identity_of(path)), database_(path, Database::Access::read) {
    check_schema(database_);
    row_.emplace(database_.handle(), row_of);
  }

  void find(const Query& query, const std::function<bool(const FoundFinding&)>& on_finding) {
    const std::vector<std::int64_t> selected = select(query);
    std::span<const std::int64_t> left(selected);
    while (!left.empty()) {
      const auto numbers = left.first(std::min(left.size(), rows_at_once));
      left = left.subspan(numbers.size());
      for (const FoundFinding& finding : read(numbers))
        if (!on_finding(finding)) return;
    }
  }

  std::size_t count(const Query& query) { return select(query).size(); }
  std::int64_t last_change() { return database_.read_number("SELECT max(change) FROM finding"); }
  bool is_replaced() const { return identity_of(path_) != identity_; }
  const Cost& cost() const { return cost_; }

 private:
  // The rows by their numbers, in the order in which they are told.
  std::vector<std::int64_t> select(const Query& query) {
    cost_ = {};
    std::optional<std::vector<std::int64_t>> workloads;
    if (query.is_wanted_workload) workloads = select_workloads(query.is_wanted_workload);
    const QuerySql sql(query, workloads);
    if (query.is_wanted_path) {
      // The function outlives the statement.
      void* const user = const_cast<std::function<bool(std::string_view)>*>(&query.is_wanted_path);
      sqlite3_create_function_v2(database_.handle(), QuerySql::path_function, 1,
                                 SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC, user,
                                 &call_is_wanted_path, nullptr, nullptr, nullptr);
    }
    Statement statement(database_.handle(), sql.text());
    sql.bind(statement);
    std::vector<std::int64_t> numbers;
    while (statement.step()) numbers.push_back(statement.number(0));
    add_cost(statement);
    if (sql.is_newest_first()) std::reverse(numbers.begin(), numbers.end());
    return numbers;
  }

  std::vector<std::int64_t> select_workloads(const std::function<bool(const Workload&)>& is_wanted) {
    Statement statement(database_.handle(),
                        "SELECT number, container, name, image, pod, namespace FROM workload");
    std::vector<std::int64_t> numbers;
    while (statement.step()) {
      const bool matches = is_wanted({.container = text(statement, 1),
                                      .name = text(statement, 2),
                                      .image = text(statement, 3),
                                      .pod = text(statement, 4),
                                      .name_space = text(statement, 5)});
      if (matches) numbers.push_back(statement.number(0));
    }
    add_cost(statement);
    return numbers;
  }

  // Those that are still there. To lock the file for each of many would take longer than to read them.
  std::vector<FoundFinding> read(std::span<const std::int64_t> numbers) {
    std::vector<FoundFinding> findings;
    findings.reserve(numbers.size());
    Transaction transaction(database_, Database::Access::read);
    ++cost_.transactions;
    for (const std::int64_t number : numbers) {
      row_->bind(1, number);
      while (row_->step()) findings.push_back(to_finding(*row_));
    }
    transaction.commit();
    return findings;
  }

  void add_cost(const Statement& statement) {
    cost_.rows_scanned += statement.rows_scanned();
    cost_.steps += statement.machine_steps();
  }

  const std::string path_;
  const FileIdentity identity_;
  Database database_;
  std::optional<Statement> row_;
  Cost cost_;
};

Reader::Reader(const std::string& path) {
  const std::string name = "\"" + util::escape(path) + "\": ";
  try {
    impl_ = std::make_unique<Impl>(path);
  } catch (const DatabaseError& error) {
    throw CannotOpen(name + error.what());
  } catch (const ForeignDatabase& error) {
    throw CannotOpen(name + error.what());
  }
}

Reader::~Reader() = default;

void Reader::find(const Query& query, const std::function<bool(const FoundFinding&)>& on_finding) {
  impl_->find(query, on_finding);
}

std::size_t Reader::count(const Query& query) {
  return impl_->count(query);
}

std::int64_t Reader::last_change() {
  return impl_->last_change();
}

bool Reader::is_replaced() const {
  return impl_->is_replaced();
}

Reader::Cost Reader::cost() const {
  return impl_->cost();
}

}  // namespace dropwarden::store

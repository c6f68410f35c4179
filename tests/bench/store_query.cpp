// SPDX-License-Identifier: Apache-2.0
// What `dropwarden findings` waits for: the same questions of 1000, 10 000 and 100 000 findings. A question
// that returns as much of each takes as long as of the smallest, where an index answers it; what is printed
// is how much longer it takes, and the milliseconds of this machine. Then what answers take by their length,
// read alone and with a line of text made of each record.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/store/reader.hpp"

#include "support/temporary_directory.hpp"
#include "unit/sink/sample.hpp"

namespace dropwarden::store {
namespace {

using Clock = std::chrono::steady_clock;

// Findings of 100 containers and usual records, of 2 KiB, a second apart; the path of each hundredth is below
// /usr/bin.
std::string make(const std::string& directory, int findings) {
  const std::string path = directory + "/" + std::to_string(findings) + ".db";
  Store({.path = path}, [](const Store::Report&) {});
  const std::string rows = fmt::format(R"sql(
BEGIN;
WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < {0} / 100)
INSERT INTO workload SELECT i, printf('%064x', i), 'name' || i, 'image' || i, 'pod' || i, 'prod' FROM i;
WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < {0})
INSERT INTO finding(id, place, content, container, file_system, inode, size, mtime, sha256, path, path_state, mode,
                    detected_by, revision, is_final, first_seen, last_seen, workload, kind, severity, change)
SELECT printf('%032x', i), zeroblob(16), zeroblob(16), printf('%064x', i), 'rootfs', i, i, i, printf('%064x', i),
       CASE WHEN i <= 100 THEN '/usr/bin/' ELSE '/var/lib/x/' END || i, 'live', 0, 'close_write', 1, 1,
       i * 1000000000, i * 1000000000, 1 + i % ({0} / 100), CASE WHEN i <= 100 THEN 'jar' ELSE 'elf' END,
       CASE WHEN i <= 100 THEN 4 ELSE 2 END, i FROM i;
INSERT INTO record SELECT seq, '{1}' FROM finding;
COMMIT)sql",
                                       findings, sink::format_native(sink::sample_finding()));
  sqlite3* database = nullptr;
  const bool is_made = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                       sqlite3_exec(database, rows.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(database);
  if (!is_made) throw std::runtime_error("the database could not be filled");
  return path;
}

double milliseconds(const std::string& path, const Query& query, bool is_text = false) {
  constexpr int rounds = 9;
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    Reader reader(path);
    std::size_t bytes = 0;
    reader.find(query, [&](const FoundFinding& finding) {
      bytes +=
          is_text ? sink::format_text(*finding.record, sink::TextStyle{})->size() : finding.record->size();
      return true;
    });
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    if (bytes == 0) std::fprintf(stderr, "a question found nothing\n");
  }
  std::ranges::nth_element(times, times.begin() + rounds / 2);
  return times[rounds / 2];
}

void run() {
  const test::TemporaryDirectory directory;
  std::vector<std::string> paths;
  for (const int findings : {1'000, 10'000, 100'000}) paths.push_back(make(directory.path(), findings));
  const std::vector<std::pair<const char*, Query>> questions{
      {"the 100 of one container",
       {.is_wanted_workload = [](const Workload& of) { return of.name == "name7"; }}},
      {"the 100 of one kind", {.kinds = {"jar"}}},
      {"the 100 of the highest severity", {.min_severity = 4}},
      {"the 100 below one directory", {.path_prefix = "/usr/bin/"}},
      {"the newest 100", {.newest = 100}},
      {"one by a path that ends so",
       {.is_wanted_path = [](std::string_view path) { return path.ends_with("/77"); }}},
  };
  fmt::print("{:<34}{:>12}{:>12}{:>12}   of 1000, 10 000, 100 000 findings\n",
             "milliseconds (times the first)", "", "", "");
  for (const auto& [name, query] : questions) {
    std::string line = fmt::format("{:<34}", name);
    double first = 0;
    for (const std::string& path : paths) {
      const double time = milliseconds(path, query);
      if (first == 0) first = time;
      line += fmt::format("{:>6.1f} ({:>3.1f})", time, time / first);
    }
    fmt::print("{}\n", line);
  }
  fmt::print("\n{:<34}{:>12}{:>12}   of 100 000 findings\n", "milliseconds (microseconds a line)", "read",
             "as text");
  for (const std::size_t length : {100U, 1'000U, 10'000U}) {
    std::string line = fmt::format("the newest {:<23}", length);
    for (const bool is_text : {false, true}) {
      const double time = milliseconds(paths.back(), {.newest = length}, is_text);
      line += fmt::format("{:>6.1f} ({:>3.0f})", time, time * 1000 / static_cast<double>(length));
    }
    fmt::print("{}\n", line);
  }
}

}  // namespace
}  // namespace dropwarden::store

int main() {
  dropwarden::store::run();
}

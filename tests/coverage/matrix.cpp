// SPDX-License-Identifier: Apache-2.0
#include "matrix.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "act_on.hpp"
#include "box.hpp"
#include "support/daemon.hpp"
#include "support/wait.hpp"
#include "taken_marks.hpp"
#include "test_file_system.hpp"

namespace dropwarden::test {
namespace {

using Clock = std::chrono::system_clock;
using Key = std::pair<std::string, std::string>;

// How long everything that is promised may take to be said. No bound of a sensor: those are in the records.
constexpr auto patience = 60s;

// `2026-11-23T09:51:35.901378103Z`
Clock::time_point parse_time(const std::string& text) {
  std::tm parts{};
  ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto point = text.find('.');
  const auto fraction = point == std::string::npos ? 0.0 : std::stod("0" + text.substr(point, 10));
  return Clock::from_time_t(::timegm(&parts)) + std::chrono::milliseconds(static_cast<long>(fraction * 1000));
}

// The first of those that are promised and active; empty: none.
std::string promised_sensor(const Expectation& row, const std::string& at,
                            const std::set<std::string>& active) {
  // Without a scan at the first start, what was there before is left alone for good; and of a file in a
  // directory that is moved, nothing changes.
  if (row.method == "rename-directory" && !active.contains("scan")) return {};
  for (const auto& sensor : row.at.at(at).sensors) {
    if (active.contains(sensor)) return sensor;
  }
  return {};
}

// The cells of the table in one container, acted and looked at.
class Round {
 public:
  Round(const std::string& directory, const std::string& elsewhere, const std::string& cgroup,
        std::string file_system, const std::vector<Expectation>& table)
      : file_system_(std::move(file_system)),
        table_(table),
        methods_(all_methods()),
        box_({.directory = directory + "/box", .elsewhere = elsewhere + "/bind", .cgroup = cgroup}),
        other_({.directory = directory + "/other", .elsewhere = elsewhere + "/other", .cgroup = cgroup}) {
    for_each([&](const Cell& cell) { put_into_image(cell, box_); });
    box_.start();
    other_.start();
    for_each([&](const Cell& cell) { prepare(cell, box_); });
  }

  void act_all() {
    for_each([&](const Cell& cell) {
      Outcome outcome;
      outcome.final_path =
          cell.directory() + (cell.method.name == std::string("rename-directory") ? "/after/f" : "/f");
      try {
        act(cell, box_, other_);
      } catch (const UnsupportedHere& error) {
        outcome.is_unsupported = true;
        outcome.problem = error.what();
      } catch (const std::exception& error) {
        outcome.problem = error.what();
      }
      ended_.emplace(key_of(cell), Clock::now());
      outcomes_.emplace(key_of(cell), std::move(outcome));
    });
  }

  // Puts the records where they belong. True when each promise for the active sensors has been kept.
  bool collect(const std::vector<Record>& records,
               const std::map<std::string, std::set<std::string>>& active) {
    for (; collected_ < records.size(); ++collected_) take(records[collected_]);
    return std::ranges::all_of(outcomes_, [&](const auto& entry) {
      const auto& row = row_of(entry.first.first);
      const auto& at = entry.first.second;
      return row.at.at(at).kind != Promise::Kind::finding ||
             compare(entry.second, row, at, active.at(at)).empty();
    });
  }

  const Box& box() const { return box_; }
  std::map<Key, Outcome>& outcomes() { return outcomes_; }

 private:
  static Key key_of(const Cell& cell) { return {cell.method.name, cell.place.name}; }

  const Expectation& row_of(const std::string& method) const {
    const auto row = std::ranges::find(table_, method, &Expectation::method);
    if (row == table_.end())
      throw std::runtime_error("tests/coverage/expectations has no line for " + method);
    return *row;
  }

  template <class Body>
  void for_each(Body body) const {
    for (const auto& method : methods_) {
      for (const auto& place : places) {
        if (!row_of(method.name).is_tried(place.name, file_system_)) continue;
        body(Cell{.method = method, .place = place});
      }
    }
  }

  // By the directory in its path, which also what has no name of its own lies in.
  void take(const Record& record) {
    if (container_of(record) != box_.id()) return;
    const auto path = path_of(record);
    for (auto& [key, outcome] : outcomes_) {
      const auto place = std::ranges::find(places, key.second, &Place::name);
      if (path.find(std::string(place->path) + "/" + key.first + "/") != 0) continue;
      if (!outcome.is_seen()) {
        outcome.delay = std::chrono::duration_cast<std::chrono::milliseconds>(
            parse_time(text_at(record, "/time")) - ended_.at(key));
      }
      outcome.sensors.push_back(text_at(record, "/detected_by"));
      outcome.ids.insert(text_at(record, "/id"));
      outcome.last_path = path;
      outcome.state = text_at(record, "/event/file/path_state");
    }
  }

  std::string file_system_;
  const std::vector<Expectation>& table_;
  std::vector<Method> methods_;
  Box box_;
  Box other_;
  std::map<Key, Clock::time_point> ended_;
  std::map<Key, Outcome> outcomes_;
  std::size_t collected_ = 0;
};

// Of what `rename-only` and others prepared: a program at each place.
bool has_told_of_all(Daemon& daemon, const Box& box) {
  return std::ranges::all_of(places, [&](const Place& place) {
    const auto path = std::string(place.path) + "/rename-only/source";
    return daemon.wait_for_record(drop_of(box.id(), path), 1ms).has_value();
  });
}

}  // namespace

std::vector<Method> all_methods() {
  std::vector<Method> all;
  for (const auto some :
       {write_calls(), compat_calls(), mappings(), copies(), tools(), asynchronous_calls(), names(),
        descriptors(), outside_writers(), attributes(), unclosed_writers(), harmless_acts()}) {
    std::ranges::copy(some, std::back_inserter(all));
  }
  return all;
}

Matrix::Matrix(const RuntimePlace& place, const MatrixOptions& options,
               const std::vector<Expectation>& table) {
  static unsigned runs = 0;
  const auto directory = fmt::format("{}/{}{}", place.directory, options.file_system, ++runs);
  std::filesystem::create_directories(directory + "/daemon");
  const TestFileSystem file_system(options.file_system, directory + "/fs");
  Round round(file_system.path(), directory, place.cgroup, options.file_system, table);
  Daemon daemon(directory + "/daemon", {}, {}, make_sensor_configuration(options.switches));
  const auto is_watched = [&] {
    active_ = read_active_sensors(daemon, round.box(), options.switches);
    return !active_.empty();
  };
  if (!wait_for(is_watched, 20s))
    throw std::runtime_error("the container is not watched: " + daemon.report() + daemon.log());
  // What was there before has been found before anything else is done, and the scan has ended: it would be
  // the first to see what is written where it has not been yet.
  if (active_.at("rootfs").contains("scan"))
    wait_for([&] { return has_told_of_all(daemon, round.box()) && is_scanned(daemon, round.box()); },
             patience);
  if (options.switches.off.contains("close_write")) take_close_marks(daemon, round.box());
  round.act_all();
  wait_for([&] { return round.collect(daemon.records(), active_); }, patience);
  daemon.stop();
  round.collect(daemon.records(), active_);
  ledger_ = daemon.ledger();
  outcomes_ = std::move(round.outcomes());
}

const char* bound_of(const std::string& sensor) {
  if (sensor == "second_look") return "second look";
  if (sensor == "exec") return "when executed";
  if (sensor == "scan") return "next sweep";
  return "at once";
}

namespace {

std::string seen_by(const Outcome& outcome) {
  return outcome.is_seen() ? "seen by " + outcome.sensors.front() : "not seen";
}

// By a store, a chmod or truncate(2) a moment after the close, which a busy monitor reads after both.
bool is_changed_after_its_close(std::string_view method) {
  return method.starts_with("mmap-") || method.starts_with("chmod-text-") ||
         method.starts_with("truncate-to-");
}

std::string compare_path(const Outcome& outcome, const Expectation& row,
                         const std::set<std::string>& active) {
  const bool is_promised =
      row.named_by.contains("*") ||
      std::ranges::any_of(row.named_by, [&](const std::string& sensor) { return active.contains(sensor); });
  if (!is_promised || outcome.last_path == outcome.final_path) return {};
  return "the last record names it " + outcome.last_path + " and not " + outcome.final_path;
}

}  // namespace

std::string compare(const Outcome& outcome, const Expectation& row, const std::string& at,
                    const std::set<std::string>& active) {
  if (outcome.is_unsupported && row.needs.contains("kernel")) return {};
  if (!outcome.problem.empty()) return outcome.problem;
  const Promise& promise = row.at.at(at);
  if (promise.kind == Promise::Kind::chance || promise.kind == Promise::Kind::untried) return {};
  const std::string promised = promised_sensor(row, at, active);
  const std::string front = outcome.is_seen() ? outcome.sensors.front() : "";
  const bool is_read_late =
      is_changed_after_its_close(row.method) && front == "close_write" && active.contains(front);
  if (promised.empty()) {
    if (!outcome.is_seen() || is_read_late) return {};
    return seen_by(outcome) + ", although nobody should see it as " + outcome.last_path;
  }
  // `upper_layer:writes` is one that is asked for more. It tells of each write too, at once, and may be the
  // faster.
  const std::string name = promised.substr(0, promised.find(':'));
  const bool is_faster =
      name == "close_write" && front == "upper_layer" && active.contains("upper_layer:writes");
  // A copy-up is a renaming for the file system below, which sensor B looks at 0.2 s later: so late only a
  // busy machine leaves it the first. Then both have the same to tell. So has what a tool gave the times of
  // its source, which looks as if it had been at rest for long.
  const bool has_rested = outcome.delay >= 200ms || row.method.starts_with("tool-");
  const bool is_overtaken =
      name == "close_write" && front == "upper_layer" && has_rested && !active.contains(taken_close_write);
  // What both tell a moment after the close: the file has to rest for the one, and is looked at by a timer
  // for the other.
  const bool is_level = promised == "upper_layer:writes" && front == "second_look" && active.contains(front);
  // It looks 0.2 s after the news of a name, on an emulated processor later: a sweep of just then is faster.
  // They are 30 s apart, so that no luck hides for long that nobody else has seen it.
  const bool is_swept_first =
      name == "upper_layer" && front == "scan" && active.contains(front) && outcome.delay < 1s;
  if (front != name && !is_faster && !is_overtaken && !is_level && !is_swept_first && !is_read_late)
    return seen_by(outcome) + ", and not by " + name;
  return compare_path(outcome, row, active);
}

}  // namespace dropwarden::test

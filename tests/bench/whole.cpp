// SPDX-License-Identifier: Apache-2.0
// What monitors cost the work of a container, and themselves: each does its job in turn with each monitor,
// round after round, and what is told are ratios to the same job of the same round without a monitor. See
// `tests/bench/run`.
#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "box.hpp"
#include "figures.hpp"
#include "machine.hpp"
#include "monitors.hpp"
#include "scratch.hpp"
#include "support/file.hpp"
#include "workloads.hpp"

namespace dropwarden::test {
namespace {

struct Options {
  double scale = 1;
  int rounds = 5;
  std::vector<std::string> monitors;  // empty: all
  std::vector<std::string> jobs;      // empty: all
  std::string packages;
  std::string json;
};

// What one job took with one monitor, a value a round.
struct Cell {
  Figure writer_cpu;
  Figure writer_wall;
  Figure monitor_cpu;
};

struct Results {
  std::map<std::string, std::map<std::string, Cell>> cells;  // by job, by monitor
  std::vector<std::string> left_out;
};

struct Place {
  Box& box;
  const Scratch& scratch;
};

bool is_named(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

// What a monitor that is to watch nothing but this one job took for it; nothing where it could not be
// started.
void measure(const Place& place, std::size_t number, const MonitorKind& kind, Cell& cell) {
  Box& box = place.box;
  box.prepare(number);
  const std::string scratch = place.scratch.make_directory();
  {
    const auto monitor = kind.start({.merged = box.merged(), .upper = box.upper(), .scratch = scratch});
    const double before = monitor->settled_cpu();
    const Spent spent = box.run(number);
    const double after = monitor->settled_cpu();
    cell.writer_cpu.add(spent.cpu);
    cell.writer_wall.add(spent.wall);
    cell.monitor_cpu.add(after - before);
  }
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
}

std::vector<const MonitorKind*> choose_monitors(const Options& options, Results& results) {
  std::vector<const MonitorKind*> chosen;
  for (const MonitorKind& kind : monitor_kinds()) {
    if (!is_named(options.monitors, kind.name)) continue;
    if (const auto reason = why_not(kind)) {
      results.left_out.push_back(kind.name + ": " + *reason);
    } else {
      chosen.push_back(&kind);
    }
  }
  return chosen;
}

// Each round begins with another monitor, so that what drifts within a round favours none.
void measure_all(const Options& options, const std::vector<Job>& jobs, const Place& place,
                 std::vector<const MonitorKind*> kinds, Results& results) {
  for (std::size_t number = 0; number < jobs.size(); ++number) {
    if (!is_named(options.jobs, jobs[number].name)) continue;
    auto& cells = results.cells[jobs[number].name];
    for (int round = 0; round < options.rounds; ++round) {
      std::ranges::rotate(kinds, kinds.begin() + (round == 0 || kinds.empty() ? 0 : 1));
      for (auto at = kinds.begin(); at != kinds.end();) {
        try {
          measure(place, number, **at, cells[(*at)->name]);
          ++at;
        } catch (const std::runtime_error& error) {
          // The container's process has gone with its job, or this machine cannot run the monitor.
          if ((*at)->name == "none" || (*at)->name == "dropwarden") throw;
          results.left_out.push_back((*at)->name + ": " + error.what());
          if (cells[(*at)->name].writer_cpu.is_empty()) cells.erase((*at)->name);
          at = kinds.erase(at);
        }
      }
    }
  }
}

boost::json::object to_json(const Results& results, const std::vector<Job>& jobs) {
  boost::json::object all{{"machine", describe_machine()}};
  boost::json::object& by_job = all["jobs"].emplace_object();
  for (const Job& job : jobs) {
    const auto cells = results.cells.find(job.name);
    if (cells == results.cells.end()) continue;
    boost::json::object by_monitor;
    const Cell& none = cells->second.at("none");
    for (const auto& [name, cell] : cells->second) {
      by_monitor[name] =
          boost::json::object{{"writer_cpu_us", cell.writer_cpu.json()},
                              {"writer_wall_us", cell.writer_wall.json()},
                              {"monitor_cpu_us", cell.monitor_cpu.json()},
                              {"cpu_ratio", ratio(cell.writer_cpu, none.writer_cpu).json()},
                              {"wall_ratio", ratio(cell.writer_wall, none.writer_wall).json()}};
    }
    by_job[job.name] = boost::json::object{
        {"operation", job.operation}, {"operations", job.operations}, {"monitors", std::move(by_monitor)}};
  }
  all["left_out"] = boost::json::array(results.left_out.begin(), results.left_out.end());
  return all;
}

void print(const Results& results, const std::vector<Job>& jobs) {
  std::vector<std::vector<std::string>> rows{
      {"job", "monitor", "writer CPU, of none", "wall, of none", "writer CPU us/op", "monitor CPU us/op"}};
  for (const Job& job : jobs) {
    const auto cells = results.cells.find(job.name);
    if (cells == results.cells.end()) continue;
    const Cell& none = cells->second.at("none");
    const auto operations = static_cast<double>(job.operations);
    for (const MonitorKind& kind : monitor_kinds()) {
      const auto found = cells->second.find(kind.name);
      if (found == cells->second.end()) continue;
      const Cell& cell = found->second;
      rows.push_back({job.name, kind.name, ratio(cell.writer_cpu, none.writer_cpu).text(3),
                      ratio(cell.writer_wall, none.writer_wall).text(3),
                      fmt::format("{:.1f}", cell.writer_cpu.median() / operations),
                      fmt::format("{:.1f}", cell.monitor_cpu.median() / operations)});
    }
  }
  print_table(rows);
  for (const std::string& line : results.left_out) fmt::print("\nNOT MEASURED: {}\n", line);
}

int run(const Options& options) {
  if (::geteuid() != 0) {
    fmt::print("SKIP privilege: needs root\n");
    return 77;
  }
  const Scratch scratch;
  Results results;
  const auto jobs = make_jobs(options.scale, options.packages, results.left_out);
  const auto kinds = choose_monitors(options, results);
  {
    Box box(scratch.make_directory(), jobs);
    if (!options.packages.empty())
      std::filesystem::copy(options.packages, box.merged() + "/srv/packages",
                            std::filesystem::copy_options::recursive);
    measure_all(options, jobs, {.box = box, .scratch = scratch}, kinds, results);
  }
  print(results, jobs);
  if (!options.json.empty()) write_file(options.json, boost::json::serialize(to_json(results, jobs)) + "\n");
  return 0;
}

}  // namespace
}  // namespace dropwarden::test

int main(int count, char** arguments) {
  CLI::App app("What monitors cost containers, and themselves.");
  dropwarden::test::Options options;
  app.add_option("--scale", options.scale, "how much of each job's usual size, at most 1");
  app.add_option("--rounds", options.rounds, "how often each job is done with each monitor");
  app.add_option("--monitor", options.monitors, "only these");
  app.add_option("--job", options.jobs, "only these");
  app.add_option("--packages", options.packages, "directory of .deb files to install in the container");
  app.add_option("--json", options.json, "file to write");
  CLI11_PARSE(app, count, arguments);
  try {
    return dropwarden::test::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-whole: {}\n", error.what());
    return 1;
  }
}

// SPDX-License-Identifier: Apache-2.0
// How costs grow with what there is to watch: with containers, layers, depth and the length of bursts. Each
// row is the daemon alone, started anew; `tests/bench/run scale`. Rows as JSON, and as tables that
// tests/bench/plot draws.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "box.hpp"
#include "cpu.hpp"
#include "figures.hpp"
#include "machine.hpp"
#include "scratch.hpp"
#include "support/child_process.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"
#include "workloads.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

double milliseconds_since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

// Overlays of nothing, as many as there are containers.
class Crowd {
 public:
  explicit Crowd(std::string directory) : directory_(std::move(directory)) {
    fs::create_directory(directory_ + "/lower");
  }
  ~Crowd() {
    while (size_ > 0) remove();
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void grow(unsigned size) {
    while (size_ < size) add();
  }
  void add() {
    const std::string own = directory_ + "/" + std::to_string(++size_);
    for (const char* name : {"", "/u", "/w", "/merged"}) fs::create_directory(own + name);
    const std::string options =
        "lowerdir=" + directory_ + "/lower,upperdir=" + own + "/u,workdir=" + own + "/w";
    require(::mount("overlay", (own + "/merged").c_str(), "overlay", 0, options.c_str()) == 0, "mount");
  }
  void remove() {
    const std::string own = directory_ + "/" + std::to_string(size_--);
    ::umount2((own + "/merged").c_str(), MNT_DETACH);
    fs::remove_all(own);
  }

 private:
  const std::string directory_;
  unsigned size_ = 0;
};

// The daemon, and how long it took to be ready.
class TimedDaemon {
 public:
  explicit TimedDaemon(std::string directory, const std::string& program = dropwarden_binary(),
                       const std::string& more_configuration = {})
      : directory_(std::move(directory)) {
    write_file(directory_ + "/dropwarden.yaml", make_configuration(directory_, {}) + more_configuration);
    const sys::Fd log(::open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const sys::Fd output(
        ::open((directory_ + "/findings").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const auto start = Steady::now();
    daemon_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{program, "run", "--config", directory_ + "/dropwarden.yaml"},
        ChildOptions{.output = output.number(), .error = log.number(), .environment = {}});
    const auto is_ready = [&] {
      return read_file(directory_ + "/log").find("ready containers=") != std::string::npos;
    };
    // Looked for every millisecond: the pauses of wait_for grow.
    while (!is_ready()) {
      if (!daemon_->is_running() || milliseconds_since(start) > 120'000)
        throw std::runtime_error("not ready: " + read_file(directory_ + "/log"));
      std::this_thread::sleep_for(1ms);
    }
    ready_ = milliseconds_since(start);
  }
  ~TimedDaemon() { daemon_->terminate(20s); }
  TimedDaemon(const TimedDaemon&) = delete;
  TimedDaemon& operator=(const TimedDaemon&) = delete;

  double ready_milliseconds() const { return ready_; }
  std::size_t memory() const { return anonymous_memory_of_family(daemon_->pid()); }
  double cpu() const { return settled_cpu_of_family(daemon_->pid(), 60s); }
  double cpu_now() const { return cpu_of_family(daemon_->pid()); }
  // Until so many findings have gone out since the file was last looked at; nothing when they do not.
  std::optional<double> wait_for_findings(std::size_t count) const {
    const auto start = Steady::now();
    const auto has_all = [&] {
      const std::string text = read_file(directory_ + "/findings");
      return static_cast<std::size_t>(std::ranges::count(text, '\n')) >= count;
    };
    return wait_for(has_all, 120s) ? std::optional(milliseconds_since(start)) : std::nullopt;
  }

 private:
  const std::string directory_;
  std::unique_ptr<ChildProcess> daemon_;
  double ready_ = 0;
};

struct Series {
  std::string name;
  std::string axis;
  std::vector<std::string> columns;
  std::vector<std::vector<double>> rows;  // the first of each is on the axis
};

void print(const Series& series) {
  fmt::print("\n{}\n\n", series.name);
  std::vector<std::vector<std::string>> rows{{series.axis}};
  rows.front().insert(rows.front().end(), series.columns.begin(), series.columns.end());
  for (const auto& values : series.rows) {
    std::vector<std::string> row;
    for (const double value : values)
      row.push_back(fmt::format("{:.{}f}", value, value < 100 && value != static_cast<int>(value) ? 2 : 0));
    rows.push_back(std::move(row));
  }
  print_table(rows);
}

constexpr std::uint64_t events = 20'000;

std::vector<Job> jobs_of_scale(std::uint64_t drops, unsigned depth) {
  std::vector<std::string> left_out;
  auto jobs = make_jobs(1, {}, left_out);
  jobs.resize(1);  // tight creates
  jobs.front().operations = events;
  jobs.push_back(
      {.name = "drops",
       .operation = "drop",
       .operations = drops,
       .prepare = {},
       .body = [depth](std::uint64_t count) { write_programs(count, std::size_t{16} << 10U, depth); }});
  return jobs;
}

Series measure_containers(const Scratch& scratch, const std::vector<unsigned>& sizes) {
  Series series{.name = "containers",
                .axis = "overlays",
                .columns = {"ready, ms", "anonymous KiB", "KiB after 20 000 events", "us/event",
                            "us/mount change", "idle, us of a second"},
                .rows = {}};
  Crowd crowd(scratch.make_directory());
  Box box(scratch.make_directory(), jobs_of_scale(1, 0));
  for (const unsigned size : sizes) {
    crowd.grow(size - 1);
    const TimedDaemon daemon(scratch.make_directory());
    const double started = daemon.cpu();
    const std::size_t memory = daemon.memory();
    box.prepare(0);
    const double before = daemon.cpu();
    box.run(0);
    const double after = daemon.cpu();
    const std::size_t later = daemon.memory();
    constexpr int changes = 20;
    for (int i = 0; i < changes; ++i) {
      crowd.add();
      std::this_thread::sleep_for(20ms);
      crowd.remove();
      std::this_thread::sleep_for(20ms);
    }
    const double changed = daemon.cpu();
    std::this_thread::sleep_for(3s);
    const double idle = daemon.cpu_now() - changed;
    series.rows.push_back({static_cast<double>(size), daemon.ready_milliseconds(),
                           static_cast<double>(memory), static_cast<double>(later),
                           (after - before) / static_cast<double>(events), (changed - after) / (2 * changes),
                           idle / 3});
    static_cast<void>(started);
  }
  return series;
}

double measure_changes(const Scratch& scratch, const std::string& program, Crowd& crowd) {
  const TimedDaemon daemon(scratch.make_directory(), program);
  const double before = daemon.cpu();
  constexpr int changes = 20;
  for (int i = 0; i < changes; ++i) {
    crowd.add();
    std::this_thread::sleep_for(50ms);
    crowd.remove();
    std::this_thread::sleep_for(50ms);
  }
  return (daemon.cpu() - before) / (2 * changes);
}

// Beside another program, in turn.
Series measure_changes(const Scratch& scratch, const std::vector<unsigned>& sizes, unsigned rounds,
                       const std::string& baseline) {
  Series series{.name = "mount changes",
                .axis = "overlays",
                .columns = {"us/mount change", "of the baseline", "ratio, median", "least", "most"},
                .rows = {}};
  Crowd crowd(scratch.make_directory());
  const auto median = [](std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
  };
  for (const unsigned size : sizes) {
    crowd.grow(size);
    std::vector<double> ours;
    std::vector<double> theirs;
    std::vector<double> ratios;
    for (unsigned round = 0; round < rounds; ++round) {
      const bool is_first = round % 2 == 0;
      if (is_first) ours.push_back(measure_changes(scratch, dropwarden_binary(), crowd));
      theirs.push_back(measure_changes(scratch, baseline, crowd));
      if (!is_first) ours.push_back(measure_changes(scratch, dropwarden_binary(), crowd));
      ratios.push_back(ours.back() / theirs.back());
    }
    series.rows.push_back({static_cast<double>(size), median(ours), median(theirs), median(ratios),
                           std::ranges::min(ratios), std::ranges::max(ratios)});
  }
  return series;
}

// What there is to find, and where.
struct Case {
  std::vector<Job> jobs;
  unsigned layers = 1;
  std::string configuration{};
};

Series measure_findings(const Scratch& scratch, const std::string& name, const std::string& axis,
                        const std::vector<unsigned>& values, const std::function<Case(unsigned)>& case_of) {
  Series series{.name = name,
                .axis = axis,
                .columns = {"us/finding", "findings a second of processor time"},
                .rows = {}};
  for (const unsigned value : values) {
    const auto [jobs, layers, configuration] = case_of(value);
    Box box(scratch.make_directory(), jobs, 0, layers);
    const TimedDaemon daemon(scratch.make_directory(), dropwarden_binary(), configuration);
    const double before = daemon.cpu();
    box.run(1);
    if (!daemon.wait_for_findings(jobs[1].operations))
      throw std::runtime_error(name + ": findings are missing");
    const double each = (daemon.cpu() - before) / static_cast<double>(jobs[1].operations);
    series.rows.push_back({static_cast<double>(value), each, 1e6 / each});
  }
  return series;
}

// What an event costs at rest and in a hurry; what the daemon does without one is counted in.
Series measure_rates(const Scratch& scratch, const std::vector<unsigned>& rates) {
  Series series{.name = "rate", .axis = "events a second", .columns = {"us/event"}, .rows = {}};
  constexpr unsigned seconds = 2;
  for (const unsigned rate : rates) {
    const std::uint64_t count = std::uint64_t{rate} * seconds;
    Box box(scratch.make_directory(), {{.name = "creates at a rate",
                                        .operation = "create",
                                        .operations = count,
                                        .prepare = {},
                                        .body = [rate](std::uint64_t files) { create_files(files, rate); }}});
    const TimedDaemon daemon(scratch.make_directory());
    const double before = daemon.cpu();
    box.run(0);
    series.rows.push_back({static_cast<double>(rate), (daemon.cpu() - before) / static_cast<double>(count)});
  }
  return series;
}

// None of which covers anything here.
std::string make_exceptions(unsigned count) {
  std::string text = "policy:\n  exceptions:\n";
  for (unsigned i = 0; i < count; ++i)
    text += fmt::format("    - {{name: app{0}, reason: bench, when: {{path: /opt/app{0}/**}}}}\n", i);
  return text;
}

boost::json::object to_json(const std::vector<Series>& all) {
  boost::json::object result{{"machine", describe_machine()}};
  for (const Series& series : all) {
    boost::json::array rows;
    for (const auto& row : series.rows) rows.push_back(boost::json::array(row.begin(), row.end()));
    boost::json::array columns{boost::json::string(series.axis)};
    for (const std::string& column : series.columns) columns.push_back(boost::json::string(column));
    result[series.name] = boost::json::object{{"columns", std::move(columns)}, {"rows", std::move(rows)}};
  }
  return result;
}

int run(bool is_long, bool is_smoke, unsigned rounds, const std::string& baseline, const std::string& json) {
  if (::geteuid() != 0) {
    fmt::print("SKIP privilege: needs root\n");
    return 77;
  }
  const Scratch scratch;
  std::vector<Series> all;
  const auto add = [&all](Series series) {
    print(series);
    all.push_back(std::move(series));
  };
  if (!baseline.empty()) {
    add(measure_changes(scratch, {1, 10, 100, 1000}, rounds, baseline));
  } else if (is_smoke) {
    add(measure_containers(scratch, {1, 3}));
  } else {
    add(measure_containers(scratch, is_long ? std::vector<unsigned>{1, 10, 100, 250, 1000, 2500, 5000}
                                            : std::vector<unsigned>{1, 10, 100, 250, 1000}));
    add(measure_rates(scratch, {100, 1000, 10'000, 50'000}));
    add(measure_findings(
        scratch, "exceptions", "exceptions of the policy", {10, 100, 1000, 10'000}, [](unsigned count) {
          return Case{.jobs = jobs_of_scale(1000, 0), .configuration = make_exceptions(count)};
        }));
    add(measure_findings(scratch, "layers", "layers", {1, 2, 8, 32, 127}, [](unsigned layers) {
      return Case{.jobs = jobs_of_scale(1000, 0), .layers = layers};
    }));
    add(measure_findings(scratch, "depth", "directories above the file", {1, 10, 50, 200},
                         [](unsigned depth) { return Case{.jobs = jobs_of_scale(1000, depth)}; }));
    add(measure_findings(scratch, "burst", "programs in a burst",
                         is_long ? std::vector<unsigned>{10, 100, 1000, 10'000, 50'000}
                                 : std::vector<unsigned>{10, 100, 1000, 10'000},
                         [](unsigned drops) { return Case{.jobs = jobs_of_scale(drops, 0)}; }));
  }
  if (!json.empty()) write_file(json, boost::json::serialize(to_json(all)) + "\n");
  return 0;
}

}  // namespace
}  // namespace dropwarden::test

int main(int count, char** arguments) {
  CLI::App app("How costs grow.");
  bool is_long = false;
  bool is_smoke = false;
  unsigned rounds = 3;
  std::string baseline;
  std::string json;
  app.add_flag("--long", is_long, "up to 5000 containers and bursts of 50 000");
  app.add_flag("--smoke", is_smoke, "next to nothing");
  app.add_option("--baseline", baseline, "another dropwarden: only mount changes, of both in turn");
  app.add_option("--rounds", rounds, "how often, with a baseline")->check(CLI::PositiveNumber);
  app.add_option("--json", json, "file to write");
  CLI11_PARSE(app, count, arguments);
  try {
    return dropwarden::test::run(is_long, is_smoke, rounds, baseline, json);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-scale: {}\n", error.what());
    return 1;
  }
}

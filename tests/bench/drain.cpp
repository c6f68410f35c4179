// SPDX-License-Identifier: Apache-2.0
// How fast a queue of events is worked off. A monitor is stopped, files are created, and it goes on: told is
// how many events it takes a second, of the bare reader and of dropwarden in turn, and their ratio.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <map>
#include <string>
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
#include "monitors.hpp"
#include "scratch.hpp"
#include "support/file.hpp"
#include "support/process_family.hpp"
#include "workloads.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

void send_to(const std::vector<pid_t>& processes, int signal) {
  for (const pid_t process : processes) require(::kill(process, signal) == 0, "kill");
}

// Until it takes no processor time any more; what it does without a reason is far apart.
Steady::duration time_work(const std::vector<pid_t>& processes, Steady::time_point start) {
  constexpr auto quiet = 50ms;
  auto last_work = start;
  for (double before = cpu_of(processes); Steady::now() - last_work < quiet;) {
    std::this_thread::sleep_for(200us);
    const double now = cpu_of(processes);
    if (now != before) last_work = Steady::now();
    before = now;
  }
  return last_work - start;
}

struct Drained {
  double events_per_second = 0;
  double cpu_per_event = 0;  // microseconds
};

Drained drain(const MonitorKind& kind, Box& box, const Scratch& scratch, std::uint64_t events) {
  box.prepare(0);
  const auto monitor =
      kind.start({.merged = box.merged(), .upper = box.upper(), .scratch = scratch.make_directory()});
  const double before = monitor->settled_cpu();
  const auto processes = read_family(monitor->process());
  send_to(processes, SIGSTOP);
  box.run(0);
  const auto start = Steady::now();
  send_to(processes, SIGCONT);
  const auto took = time_work(processes, start);
  const auto count = static_cast<double>(events);
  return {.events_per_second = count / std::chrono::duration<double>(took).count(),
          .cpu_per_event = (monitor->settled_cpu() - before) / count};
}

const MonitorKind& kind_named(const std::string& name) {
  return *std::ranges::find(monitor_kinds(), name, &MonitorKind::name);
}

int run(std::uint64_t events, unsigned rounds, const std::string& json) {
  if (::geteuid() != 0) {
    fmt::print("SKIP privilege: needs root\n");
    return 77;
  }
  const Scratch scratch;
  const Job job{.name = "creates",
                .operation = "create",
                .operations = events,
                .prepare = clear_job,
                .body = [](std::uint64_t count) { create_files(count); }};
  Box box(scratch.make_directory(), {job});
  std::vector<std::string> names{"bare", "dropwarden"};
  std::map<std::string, Figure> rates;
  std::map<std::string, Figure> costs;
  for (unsigned round = 0; round < rounds; ++round) {
    for (const std::string& name : names) {
      const Drained drained = drain(kind_named(name), box, scratch, events);
      rates[name].add(drained.events_per_second);
      costs[name].add(drained.cpu_per_event);
    }
    std::ranges::reverse(names);
  }
  const Figure share = ratio(rates["dropwarden"], rates["bare"]);
  print_table({{"", "events a second", "CPU us/event"},
               {"bare", rates["bare"].text(0), costs["bare"].text(2)},
               {"dropwarden", rates["dropwarden"].text(0), costs["dropwarden"].text(2)},
               {"ratio", share.text(2), ratio(costs["dropwarden"], costs["bare"]).text(2)}});
  if (json.empty()) return 0;
  boost::json::object all{{"machine", describe_machine()}, {"events", events}, {"rate_ratio", share.json()}};
  for (const auto& [name, rate] : rates)
    all[name] = boost::json::object{{"events_per_second", rate.json()}, {"cpu_us", costs[name].json()}};
  write_file(json, boost::json::serialize(all) + "\n");
  return 0;
}

}  // namespace
}  // namespace dropwarden::test

int main(int count, char** arguments) {
  CLI::App app("How fast a queue of events is worked off.");
  std::uint64_t events = 10'000;  // fewer than a queue takes, fanotify(7)
  unsigned rounds = 5;
  std::string json;
  app.add_option("--events", events, "how many are queued")->check(CLI::PositiveNumber);
  app.add_option("--rounds", rounds, "how often")->check(CLI::PositiveNumber);
  app.add_option("--json", json, "file to write");
  CLI11_PARSE(app, count, arguments);
  try {
    return dropwarden::test::run(events, rounds, json);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-drain: {}\n", error.what());
    return 1;
  }
}

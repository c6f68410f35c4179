// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>

#include "dropwarden/control/client.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "self_test/busy_execution.hpp"
#include "self_test/markers.hpp"
#include "self_test/observed_daemon.hpp"
#include "self_test/throwaway_container.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

// No runtime: what is tested is the way of an event. The control socket is its own, so that a daemon may run
// beside it.
std::filesystem::path write_config(const std::filesystem::path& directory) {
  const auto file = directory / "dropwarden.yaml";
  std::ofstream(file) << "runtimes: {sockets: []}\n"
                      << "watch: {upper_layer: writes}\n"
                      << "logging: {level: warn}\n"
                      << "control: {socket: " << (directory / "control.sock").string() << "}\n"
                      << "store: {path: none}\n"
                      << "scan: {first_start: false, sweep: false}\n";
  return file;
}

// The sensor that has seen the file; empty while there is no finding.
std::string sensor_of(const ObservedDaemon& daemon, const std::string& path) {
  for (const std::string& line : daemon.findings()) {
    boost::system::error_code error;
    const auto finding = boost::json::parse(line, error);
    const auto* data = error ? nullptr : finding.as_object().if_contains("data");
    if (data != nullptr && data->at("path").as_string() == path)
      return std::string(finding.at("detected_by").as_string());
  }
  return {};
}

// The overlay is in the daemon's report once it was noticed in the mount table, with a sensor once it is
// marked.
bool is_watched(const std::filesystem::path& socket, const std::string& root) {
  const auto report = control::request(socket, "containers", 1s);
  return report && report->find("\"host_path\":\"" + root + '"') != std::string::npos;
}

// What is watched on the file system that is mounted at `directory`, under the throw-away container.
std::vector<std::string> watched_below(const std::filesystem::path& socket, const std::string& directory) {
  std::vector<std::string> watched;
  const auto report = control::request(socket, "containers", 1s);
  if (!report) return watched;
  const auto parsed = boost::json::parse(*report);
  for (const auto& file_system : parsed.at("upper_layer").at("file_systems").as_array()) {
    if (file_system.at("host_path").as_string() != directory) continue;
    for (const auto& what : file_system.at("watched").as_array()) watched.emplace_back(what.as_string());
  }
  return watched;
}

bool can_see(const Marker& marker, const std::vector<std::string>& watched, bool has_busy_executions) {
  const auto has = [&](std::string_view what) { return std::ranges::find(watched, what) != watched.end(); };
  switch (marker.needs) {
    case Needs::upper_names:
      return has("names");
    case Needs::busy_execution:
      return has_busy_executions;
    case Needs::overlay:
      break;
  }
  return true;
}

class SelfTest {
 public:
  explicit SelfTest(std::ostream& out)
      : out_(out), privilege_(privilege::make_direct()), daemon_(write_config(container_.directory())) {}

  int run() {
    const auto is_ready = [this] {
      return std::ranges::any_of(daemon_.log(),
                                 [](const std::string& line) { return line.starts_with("ready "); });
    };
    if (!step("the monitor starts", daemon_.wait(is_ready, patience))) return give_up();
    container_.mount();
    const auto socket = container_.directory() / "control.sock";
    const auto is_noticed = [&] { return is_watched(socket, container_.root()); };
    if (!step("a new container's overlay is noticed and marked", poll(is_noticed))) return give_up();

    const auto watched = watched_below(socket, container_.directory());
    const bool has_busy_executions = tells_of_busy_execution(*privilege_, container_);
    unsigned number = 0;
    for (const Marker& marker : markers()) {
      if (!can_see(marker, watched, has_busy_executions)) {
        out_ << "unseen   written by " << marker.way
             << ": this kernel does not tell at once, a scan finds it\n";
        continue;
      }
      const std::string content = marker_content(++number);
      const auto is_reported = [&] { return !sensor_of(daemon_, marker.path).empty(); };
      bool is_seen = false;
      // What a process that lives shows of its root tells that the overlay is nobody's. Without it a finding
      // waits for its container.
      container_.run([&] { marker.write(marker.path, content); },
                     [&] { is_seen = daemon_.wait(is_reported, patience); });
      const std::string sensor = is_seen ? " (" + sensor_of(daemon_, marker.path) + ")" : "";
      step(std::string("written by ") + marker.way + sensor, is_seen);
    }
    out_ << "unseen   written to a FUSE (fuse-overlayfs) or network file system: its server could hold the "
            "monitor; "
            "`containers` names each that a container has, and the log each root that is one\n";
    return missing_ == 0 ? succeed() : give_up();
  }

 private:
  bool step(const std::string& what, bool holds) {
    out_ << (holds ? "ok       " : "MISSING  ") << what << std::endl;
    missing_ += holds ? 0 : 1;
    return holds;
  }

  bool poll(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      daemon_.wait([] { return false; }, 10ms);
    }
    return true;
  }

  int succeed() {
    out_ << "every executable was reported\n";
    return done;
  }

  int give_up() {
    out_ << missing_ << " missing; the monitor's log:\n";
    for (const std::string& line : daemon_.log()) out_ << "  " << line << '\n';
    return failed;
  }

  std::ostream& out_;
  std::unique_ptr<privilege::Privilege> privilege_;
  ThrowawayContainer container_;
  ObservedDaemon daemon_;
  int missing_ = 0;
};

}  // namespace

void add_self_test(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand(
      "self-test",
      "Drop executables into a throw-away container and check that each is reported (needs root)");
  verb->callback([&session] {
    session.action = [&session] {
      if (::geteuid() != 0)
        throw std::runtime_error("self-test mounts an overlay and starts a monitor: run it as root");
      return SelfTest(session.out).run();
    };
  });
}

}  // namespace dropwarden::cli

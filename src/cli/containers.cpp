// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "dropwarden/control/client.hpp"
#include "dropwarden/daemon/daemon.hpp"
#include "dropwarden/daemon/discover.hpp"
#include "dropwarden/daemon/parts.hpp"

#include "open_store.hpp"
#include "options.hpp"
#include "report_text.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// `rootfs /run/…/rootfs`, `volume /data (ext4, by mount)`.
std::string describe(const json::object& mount) {
  const std::string host_path = text_of(mount, "host_path");
  const std::string type = text_of(mount, "type");
  std::string text = text_of(mount, "mount") + " " + (host_path.empty() ? text_of(mount, "path") : host_path);
  if (type != "overlay") text += " (" + type + (text_of(mount, "mark") == "mount" ? ", by mount)" : ")");
  if (mount.at("nested").as_bool())
    text += fmt::format(" in the mount namespace of process {}", mount.at("pid").as_int64());
  return text;
}

// `, desynced since 2026-11-23T09:51:35Z: queue_overflow`; nothing where it is synced, or not scanned.
std::string describe_sync(const json::object& mount) {
  const json::value* const value = mount.if_contains("sync");
  if (value == nullptr || !value->is_object()) return {};
  const json::object& sync = value->as_object();
  const std::string reasons = join(sync.at("reasons"), " ");
  if (reasons.empty()) return {};
  return ", desynced since " + to_the_second(text_of(sync, "since")) + ": " + reasons;
}

// What is watched a line each; what is not, by the reason.
std::vector<std::pair<std::string, std::string>> describe_mounts(const json::array& mounts) {
  std::vector<std::pair<std::string, std::string>> lines;  // sensor, mount
  constexpr std::size_t most_paths = 16;  // a container can make mounts without end; --json has more
  struct Unwatched {
    std::string reason;
    std::vector<std::string> paths;
  };
  std::vector<Unwatched> unwatched;
  const auto is_root = [](const json::value& mount) {
    return text_of(mount.as_object(), "mount") == "rootfs";
  };
  if (std::ranges::none_of(mounts, is_root))
    lines.emplace_back("none", "rootfs is nothing that can be seen from here");
  for (const auto& entry : mounts) {
    const auto& mount = entry.as_object();
    const std::string sensor = text_of(mount, "sensor");
    const std::string problem = text_of(mount, "problem");
    if (!sensor.empty() || problem.empty()) {
      lines.emplace_back(sensor.empty() ? "none" : sensor,
                         describe(mount) + describe_sync(mount) + (problem.empty() ? "" : ": " + problem));
      continue;
    }
    std::string name = is_root(entry) ? describe(mount) : text_of(mount, "path");
    auto known = std::ranges::find(unwatched, problem, &Unwatched::reason);
    if (known == unwatched.end()) known = unwatched.insert(known, {problem, {}});
    known->paths.push_back(std::move(name));
  }
  for (const Unwatched& mounts_of : unwatched) {
    std::string paths;
    for (const auto& path : std::span(mounts_of.paths).first(std::min(mounts_of.paths.size(), most_paths)))
      paths += (paths.empty() ? "" : " ") + path;
    if (mounts_of.paths.size() > most_paths)
      paths += fmt::format(" and {} more", mounts_of.paths.size() - most_paths);
    lines.emplace_back("none", paths + (paths.empty() ? "" : ": ") + mounts_of.reason);
  }
  return lines;
}

void print_container(std::ostream& out, const json::object& container) {
  bool is_first = true;
  for (const auto& [sensor, mount] : describe_mounts(container.at("mounts").as_array())) {
    const auto field = [&](const char* name) { return is_first ? text_of(container, name) : std::string(); };
    out << fmt::format("{:<14.12}{:<24.23}{:<12}{:<9}{:<30.29}{:<14}{}\n", field("id"), field("name"),
                       field("runtime"), field("state"), field("image"), sensor, mount);
    is_first = false;
  }
}

// What is watched below the layers, and why something is not.
void print_upper_layer(std::ostream& out, const json::object& upper) {
  const std::string problem = text_of(upper, "problem");
  const std::string wanted = text_of(upper, "wanted");
  if (wanted == "off" || !problem.empty())
    out << fmt::format("upper layer {}\n", wanted == "off" ? "off, by watch.upper_layer" : problem);
  for (const auto& entry : upper.at("file_systems").as_array()) {
    const auto& file_system = entry.as_object();
    const std::string watched = join(file_system.at("watched"), " and ");
    const std::string reason = text_of(file_system, "problem");
    out << fmt::format("upper layer {} ({}): {}\n", text_of(file_system, "host_path"),
                       text_of(file_system, "type"), watched.empty() ? "not watched: " + reason : watched);
  }
  if (wanted == "writes" && upper.at("kernel").as_array().size() == 1)
    out << "upper layer this kernel tells of no writes (Linux 6.5 does)\n";
}

// A table for people. All text in the report is escaped already.
void print_health(std::ostream& out, const json::object& health) {
  out << "health     " << text_of(health, "state") << '\n';
  for (const auto& entry : health.at("reasons").as_array()) {
    const auto& reason = entry.as_object();
    out << fmt::format("           {}: {} since {}: {}\n", text_of(reason, "part"), text_of(reason, "state"),
                       text_of(reason, "since"), text_of(reason, "text"));
  }
}

void print_report(std::ostream& out, const json::object& report) {
  for (const auto& entry : report.at("sources").as_array()) {
    const auto& source = entry.as_object();
    const std::string problem = text_of(source, "problem");
    out << fmt::format("source     {} {}\n", text_of(source, "name"),
                       problem.empty() ? text_of(source, "version") : problem);
  }
  const std::string sensors = join(report.at("sensors"), " ");
  if (!sensors.empty()) out << "sensors    " << sensors << '\n';
  if (const auto* health = report.if_contains("health"); health != nullptr && health->is_object())
    print_health(out, health->as_object());
  if (const auto* upper = report.if_contains("upper_layer"); upper != nullptr && upper->is_object())
    print_upper_layer(out, upper->as_object());
  out << fmt::format("{:<14}{:<24}{:<12}{:<9}{:<30}{:<14}{}\n", "CONTAINER", "NAME", "RUNTIME", "STATE",
                     "IMAGE", "SENSOR", "MOUNT");
  for (const auto& entry : report.at("containers").as_array()) print_container(out, entry.as_object());
  for (const auto& entry : report.at("unidentified").as_array()) {
    const auto& overlay = entry.as_object();
    const std::string sensor = text_of(overlay, "sensor");
    out << fmt::format("{:<14}{:<75}{:<14}{}\n", "?", "an overlay that no container is known to own",
                       sensor.empty() ? "none" : sensor,
                       text_of(overlay, "host_path") + text_of(overlay, "problem") + describe_sync(overlay));
  }
}

void print(Session& session, const std::string& report, bool is_json) {
  if (is_json)
    session.out << report << '\n';
  else
    print_report(session.out, json::parse(report).as_object());
}

}  // namespace

void add_containers(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("containers", "List the containers of this host and how each is watched");
  struct Arguments {
    std::string config;
    bool is_json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  add_config_option(*verb, arguments->config);
  verb->add_flag("--json", arguments->is_json, "Print one JSON object");
  verb->callback([&session, arguments] {
    session.action = [&session, arguments] {
      daemon::RunOptions options;
      if (!arguments->config.empty()) options.config_file = arguments->config;
      const config::Config config = config_to_look(arguments->config, session.err);
      auto report = control::request(config.control.socket, "containers", 5s);
      if (!report && !control::is_no_daemon(report.error())) throw sys::SystemError(report.error());
      if (!report) {
        session.err << "dropwarden: no daemon answers (" << report.error().text()
                    << "): this is what can be seen without one; nothing is watched\n";
        // What runtimes and containers say is read without privilege.
        return daemon::run_parts(
            {.config_file = options.config_file}, [&](daemon::Surroundings& surroundings) {
              print(session, daemon::discover_containers(surroundings.privilege, config), arguments->is_json);
              return done;
            });
      }
      print(session, *report, arguments->is_json);
      return done;
    };
  });
}

}  // namespace dropwarden::cli

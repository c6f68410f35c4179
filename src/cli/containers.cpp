// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "dropwarden/control/client.hpp"
#include "dropwarden/daemon/daemon.hpp"
#include "dropwarden/daemon/discover.hpp"

#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

std::string text_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

// A table for people. All text in the report is escaped already.
void print_report(std::ostream& out, const json::object& report) {
  for (const auto& entry : report.at("sources").as_array()) {
    const auto& source = entry.as_object();
    const std::string problem = text_of(source, "problem");
    out << fmt::format("source     {} {}\n", text_of(source, "name"),
                       problem.empty() ? text_of(source, "version") : problem);
  }
  out << fmt::format("{:<14}{:<24}{:<12}{:<9}{:<30}{:<14}{}\n", "CONTAINER", "NAME", "RUNTIME", "STATE",
                     "IMAGE", "SENSOR", "MOUNT");
  for (const auto& entry : report.at("containers").as_array()) {
    const auto& container = entry.as_object();
    const auto line = [&](const std::string& sensor, const std::string& mount) {
      out << fmt::format("{:<14.12}{:<24.23}{:<12}{:<9}{:<30.29}{:<14}{}\n", text_of(container, "id"),
                         text_of(container, "name"), text_of(container, "runtime"),
                         text_of(container, "state"), text_of(container, "image"), sensor, mount);
    };
    const auto& mounts = container.at("mounts").as_array();
    for (const auto& mounted : mounts) {
      const auto& mount = mounted.as_object();
      const std::string sensor = text_of(mount, "sensor");
      line(sensor.empty() ? "none" : sensor,
           text_of(mount, "mount") + " " + text_of(mount, "path") + text_of(mount, "problem"));
    }
    if (mounts.empty()) line("none", "rootfs is no overlay that can be seen from here");
  }
  for (const auto& entry : report.at("unidentified").as_array()) {
    const auto& overlay = entry.as_object();
    const std::string sensor = text_of(overlay, "sensor");
    out << fmt::format("{:<14}{:<75}{:<14}{}\n", "?", "an overlay that no container is known to own",
                       sensor.empty() ? "none" : sensor,
                       text_of(overlay, "path") + text_of(overlay, "problem"));
  }
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
  verb->add_option("--config", arguments->config,
                   "Configuration file that names the runtimes and the control socket");
  verb->add_flag("--json", arguments->is_json, "Print one JSON object");
  verb->callback([&session, arguments] {
    session.action = [&session, arguments] {
      daemon::RunOptions options;
      if (!arguments->config.empty()) options.config_file = arguments->config;
      const config::Config config = daemon::load_config(options);
      auto report = control::request(config.control.socket, "containers", 5s);
      if (!report && !control::is_no_daemon(report.error())) throw sys::SystemError(report.error());
      if (!report) {
        session.err << "dropwarden: no daemon answers (" << report.error().text()
                    << "): this is what can be seen without one; nothing is watched\n";
        report = daemon::discover_containers(config);
      }
      if (arguments->is_json) {
        session.out << *report << '\n';
      } else {
        print_report(session.out, json::parse(*report).as_object());
      }
      return done;
    };
  });
}

}  // namespace dropwarden::cli

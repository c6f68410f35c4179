// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/config/format_names.hpp"
#include "dropwarden/daemon/daemon.hpp"

#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

std::vector<std::string> names_of_formats() {
  std::vector<std::string> names;
  for (const auto& known : config::format_names()) {
    if (known.format) names.emplace_back(known.name);
  }
  return names;
}

config::Format available_format(const std::string& name) {
  for (const auto& known : config::format_names()) {
    if (known.name != name || !known.format) continue;
    if (known.is_available) return *known.format;
  }
  throw config::ConfigError("dropwarden: --format " + name + " is not available in this version");
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("run", "Watch the containers of this host and print findings");
  struct Arguments {
    std::string config;
    std::string format;
    std::string events;
  };
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("--config", arguments->config,
                   std::string("Configuration file [default: ") + config::default_file + " if it is there]");
  verb->add_option("--format", arguments->format,
                   "Format of standard output, in place of the configured one [default: text on a terminal, "
                   "else native]")
      ->check(CLI::IsMember(names_of_formats()));
  verb->add_option(
          "--events", arguments->events,
          "Print this event for every observed write, too, on standard output: costly [default: none, "
          "or as configured]")
      ->check(CLI::IsMember({"magic_write", "none"}));
  verb->callback([&session, arguments] {
    session.action = [arguments] {
      daemon::RunOptions options;
      if (!arguments->config.empty()) options.config_file = arguments->config;
      if (!arguments->format.empty()) options.format = available_format(arguments->format);
      if (!arguments->events.empty())
        options.events = arguments->events == "none" ? config::Events::none : config::Events::magic_write;
      return daemon::run(options);
    };
  });
}

}  // namespace dropwarden::cli

// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "dropwarden/config/config.hpp"
#include "dropwarden/daemon/daemon.hpp"

#include "formats.hpp"
#include "options.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
void add_run(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("run", "Watch the containers of this host and print findings");
  struct Arguments {
    std::string config;
    std::string format;
    std::string events;
    sandbox::Enforcement sandbox = sandbox::Enforcement::enforce;
  };
  auto arguments = std::make_shared<Arguments>();
  add_config_option(*verb, arguments->config);
  add_format_option(*verb, arguments->format);
  verb->add_option(
          "--events", arguments->events,
          "Print this event for every observed write, too, on standard output: costly [default: none, "
          "or as configured]")
      ->check(CLI::IsMember({"magic_write", "none"}));
  add_sandbox_option(*verb, arguments->sandbox);
  verb->callback([&session, arguments] {
    session.action = [arguments] {
      daemon::RunOptions options;
      if (!arguments->config.empty()) options.config_file = arguments->config;
      if (!arguments->format.empty()) options.format = format_named(arguments->format);
      if (!arguments->events.empty())
        options.events = arguments->events == "none" ? config::Events::none : config::Events::magic_write;
      options.sandbox = arguments->sandbox;
      return daemon::run(options);
    };
  });
}

}  // namespace dropwarden::cli

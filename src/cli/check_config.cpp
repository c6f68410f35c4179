// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "dropwarden/config/config.hpp"
#include "dropwarden/util/escape.hpp"

#include "verbs.hpp"

namespace dropwarden::cli {

void add_check_config(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("check-config", "Check a configuration file and print all that is wrong with it");
  auto file = std::make_shared<std::string>(config::default_file);
  verb->add_option("FILE", *file, "The file to check")->capture_default_str();
  verb->callback([&session, file] {
    session.action = [&session, file] {
      config::load(*file);
      session.out << util::escape(*file) << ": ok\n";
      return done;
    };
  });
}

}  // namespace dropwarden::cli

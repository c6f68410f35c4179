// SPDX-License-Identifier: Apache-2.0
#include "verbs.hpp"

namespace dropwarden::cli {

void add_version(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("version", "Print the version");
  verb->callback([&session] {
    session.action = [&session] {
      session.out << "dropwarden " DROPWARDEN_VERSION "\n";
      return done;
    };
  });
}

}  // namespace dropwarden::cli

// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>

#include "dropwarden/config/config.hpp"
#include "dropwarden/policy/lint.hpp"
#include "dropwarden/util/escape.hpp"

#include "verbs.hpp"

namespace dropwarden::cli {

void add_check_config(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("check-config", "Check a configuration file and print all that is wrong with it");
  auto file = std::make_shared<std::string>(config::default_file);
  verb->add_option("FILE", *file, "The file to check")->capture_default_str();
  auto is_strict = std::make_shared<bool>(false);
  verb->add_flag("--strict", *is_strict, "End with 2 on a warning, too");
  verb->callback([&session, file, is_strict] {
    session.action = [&session, file, is_strict] {
      const auto lints =
          policy::lint(config::load(*file).policy, util::WallTime{std::chrono::system_clock::now()});
      for (const policy::Lint& lint : lints)
        session.err << lint.written.at << ": warning: " << lint.text << '\n' << lint.written.excerpt << '\n';
      session.out << util::escape(*file) << ": ok";
      if (!lints.empty()) session.out << ", warnings: " << lints.size();
      session.out << '\n';
      return lints.empty() || !*is_strict ? done : wrong_usage;
    };
  });
}

}  // namespace dropwarden::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <ostream>

#include <CLI/CLI.hpp>

namespace dropwarden::cli {

// Exit statuses. What a verb throws becomes one, too: config::ConfigError is `wrong_usage`, all else
// `failed`.
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int wrong_usage = 2;  // of the command line or the configuration
inline constexpr int has_findings = 3;

// What verbs share with `main`.
struct Session {
  std::ostream& out;
  std::ostream& err;
  // Set by the verb that was chosen, called once when all arguments are known to be right. Returns the exit
  // status.
  std::function<int()> action;
};

// One verb a source file: adds its subcommand and options to `app`. Both outlive the action. A new verb is
// declared here and listed in main.cpp.
void add_check_config(CLI::App& app, Session& session);
void add_classify(CLI::App& app, Session& session);
void add_containers(CLI::App& app, Session& session);
void add_explain(CLI::App& app, Session& session);
void add_findings(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_scan(CLI::App& app, Session& session);
void add_self_test(CLI::App& app, Session& session);
void add_status(CLI::App& app, Session& session);
void add_version(CLI::App& app, Session& session);
void add_watch(CLI::App& app, Session& session);

}  // namespace dropwarden::cli

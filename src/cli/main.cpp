// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "dropwarden/cli/cli.hpp"
#include "dropwarden/config/config.hpp"
#include "dropwarden/sys/output.hpp"
#include "dropwarden/util/escape.hpp"

#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

// In the order of the help text.
constexpr std::array verbs{add_run,       add_scan,       add_findings,     add_watch,
                           add_report,    add_containers, add_status,       add_explain,
                           add_self_test, add_classify,   add_check_config, add_version};

constexpr const char* footer =
    "Exit status:\n"
    "  0  done\n"
    "  1  failed, or done in part: standard error says why\n"
    "  2  wrong usage or wrong configuration\n"
    "  3  done, and scan has found executables\n";

int after_printing(Session& session, int status) {
  return sys::has_printed(session.out, session.err) ? status : failed;
}

int report_parse_error(const CLI::App& app, const CLI::ParseError& error, Session& session) {
  // --help and --version come this way, too.
  if (error.get_exit_code() == 0) return after_printing(session, app.exit(error, session.out, session.err));
  const auto rest = app.remaining();
  const bool is_no_verb = app.get_subcommands().empty() && !rest.empty() && !rest.front().starts_with('-');
  session.err << "dropwarden: ";
  if (is_no_verb) {
    session.err << "there is no verb `" << util::escape(rest.front()) << "`";
  } else {
    session.err << error.what();
  }
  session.err << "\nTry `dropwarden --help`.\n";
  return wrong_usage;
}

int run_action(Session& session) {
  try {
    return after_printing(session, session.action());
  } catch (const config::ConfigError& error) {
    session.err << error.what() << '\n';
    return wrong_usage;
  } catch (const std::exception& error) {
    session.err << "dropwarden: " << error.what() << '\n';
  }
  return failed;
}

}  // namespace

int main(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  Session session{.out = out, .err = err, .action = {}};
  CLI::App app("Reports executables that are dropped into running containers.", "dropwarden");
  // Verbs inherit the footer that stands when they are added.
  app.footer(footer);
  app.set_version_flag("--version", "dropwarden " DROPWARDEN_VERSION, "Print the version");
  // At most one, so that a file may be named like a verb.
  app.require_subcommand(0, 1);
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  for (const auto add_verb : verbs) add_verb(app, session);
  for (CLI::App* verb : app.get_subcommands({})) verb->group("Verbs");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse_error(app, error, session);
  }
  if (!session.action) {
    err << app.help();
    return wrong_usage;
  }
  return run_action(session);
}

}  // namespace dropwarden::cli

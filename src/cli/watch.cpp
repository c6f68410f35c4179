// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <unistd.h>

#include <boost/json/parse.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/control/client.hpp"
#include "dropwarden/sys/full_screen.hpp"
#include "dropwarden/sys/output.hpp"

#include "finding_feed.hpp"
#include "finding_filter.hpp"
#include "open_store.hpp"
#include "verbs.hpp"
#include "watch_screen.hpp"
#include "watch_state.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Arguments {
  FindingFilter filter;
  StoreChoice choice;
};

util::WallTime now() {
  return util::WallTime{std::chrono::system_clock::now()};
}

// A daemon that does not answer must not make the keys dead.
void ask_daemon(const std::string& socket, watch::State& state) {
  const auto report = control::request(socket, "containers", 300ms);
  if (!report) return state.set_problem(report.error().text());
  boost::system::error_code error;
  const json::value value = json::parse(*report, error);
  if (error || !value.is_object() || !value.get_object().contains("containers"))
    return state.set_problem("its answer is not understood");
  state.set_report(value.get_object(), now());
}

int watch_store(const Arguments& arguments, Session& session) {
  const std::string path = store_path(arguments.choice, session.err);
  std::ostringstream said_already;
  const std::string socket = config_to_look(arguments.choice.config, said_already).control.socket;
  store::Query query = to_query(arguments.filter, now());
  watch::State state;
  const auto add = [&](const store::FoundFinding& finding) {
    state.add(finding);
    return true;
  };
  FindingFeed feed(path, query);
  query.newest = watch::State::kept_findings;
  query.until_change = feed.beginning();
  store::Reader(path).find(query, add);

  const bool is_colored = sys::is_color_wanted();
  sys::FullScreen screen(STDIN_FILENO, STDOUT_FILENO);
  constexpr auto pause = 1s;  // between two looks at the daemon
  auto next = std::chrono::steady_clock::now();
  while (true) {
    if (const auto time = std::chrono::steady_clock::now(); time >= next) {
      ask_daemon(socket, state);
      next = time + pause;
    }
    feed.read_news(add);
    const auto size = screen.size();
    screen.draw(
        watch::draw(state, {.rows = size.rows, .columns = size.columns, .is_colored = is_colored}, now()));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    const auto wake = screen.wait(feed.descriptor(), std::max(left, 0ms));
    if (wake.is_end || !state.press(wake.keys)) return done;
  }
}

}  // namespace

void add_watch(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("watch", "Show containers and the newest findings on the terminal, live");
  auto arguments = std::make_shared<Arguments>();
  add_store_options(*verb, arguments->choice);
  add_filter_options(*verb, arguments->filter);
  verb->callback([&session, arguments] {
    session.action = [&session, arguments] {
      if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
        session.err
            << "dropwarden: watch needs a terminal; `dropwarden findings --follow` prints to anything\n";
        return wrong_usage;
      }
      return watch_store(*arguments, session);
    };
  });
}

}  // namespace dropwarden::cli

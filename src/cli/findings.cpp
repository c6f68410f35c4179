// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/util/text.hpp"

#include "finding_feed.hpp"
#include "finding_filter.hpp"
#include "finding_printer.hpp"
#include "open_store.hpp"
#include "show_finding.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

struct Arguments {
  FindingFilter filter;
  std::optional<std::size_t> limit;
  bool is_json = false;
  bool is_follow = false;
};

util::WallTime now() {
  return util::WallTime{std::chrono::system_clock::now()};
}

int find(const Arguments& arguments, const StoreChoice& choice, Session& session) {
  store::Query query = to_query(arguments.filter, now());
  query.newest = arguments.limit;
  const std::string path = store_path(choice, session.err);
  StoredFindingPrinter printer(session.out, arguments.is_json);
  const auto print = [&](const store::FoundFinding& finding) {
    printer.print(finding);
    return static_cast<bool>(session.out);
  };
  std::optional<FindingFeed> feed;
  if (arguments.is_follow) {
    feed.emplace(path, query);
    query.until_change = feed->beginning();
  }
  if (!feed || query.since || query.newest) store::Reader(path).find(query, print);
  if (printer.left_out() > 0)
    session.err << fmt::format(
        "dropwarden: {} more findings have no whole record any more (store.max_size); without --json they "
        "are listed\n",
        printer.left_out());
  printer.flush();
  while (feed && session.out.flush()) {
    feed->wait();
    feed->read_news(print);
    printer.flush();
  }
  return done;
}

}  // namespace

void add_findings(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("findings", "Look at what was found, also while no daemon runs");
  auto arguments = std::make_shared<Arguments>();
  auto choice = std::make_shared<StoreChoice>();
  add_store_options(*verb, *choice);
  add_filter_options(*verb, arguments->filter);
  verb->add_option("--limit", arguments->limit, "The newest of them, so many")
      ->check([](const std::string& text) {
        return util::parse_number<std::size_t>(text).value_or(0) > 0 ? std::string{}
                                                                     : "is no number from 1 up";
      });
  verb->add_flag("--json", arguments->is_json,
                 "Print the records as they are stored, one JSON object a line");
  verb->add_flag(
      "--follow", arguments->is_follow,
      "Print what is found from now on, until interrupted; before that, what --since or --limit asks for");
  verb->require_subcommand(0, 1);
  add_show_finding(*verb, choice, session);
  verb->callback([&session, arguments, choice, verb] {
    if (!verb->get_subcommands().empty()) return;
    session.action = [&session, arguments, choice] { return find(*arguments, *choice, session); };
  });
}

}  // namespace dropwarden::cli

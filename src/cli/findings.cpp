// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/sys/directory_watch.hpp"

#include "finding_filter.hpp"
#include "finding_printer.hpp"
#include "open_store.hpp"
#include "show_finding.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

using namespace std::chrono_literals;

struct Arguments {
  FindingFilter filter;
  std::optional<std::size_t> limit;
  bool is_json = false;
  bool is_follow = false;
};

util::WallTime now() {
  return util::WallTime{std::chrono::system_clock::now()};
}

// Prints what is stored from now on, until nobody reads it any more.
class Follower {
 public:
  Follower(std::string path, store::Query query, StoredFindingPrinter& printer, Session& session)
      : path_(std::move(path)), query_(std::move(query)), printer_(printer), session_(session) {
    // Before the first look, so that nothing falls between.
    auto watch = sys::DirectoryWatch::open(std::filesystem::path(path_).parent_path());
    if (watch) watch_.emplace(std::move(*watch));
    reader_.emplace(path_);
    query_.after_change = reader_->last_change();
    query_.newest.reset();
  }

  // What was stored before.
  std::int64_t beginning() const { return *query_.after_change; }

  // False when what was printed could not be written.
  bool run() {
    while (session_.out.flush()) {
      wait();
      print_news();
    }
    return false;
  }

 private:
  // A file system that does not tell is asked now and then.
  void wait() {
    constexpr auto longest = 1s;
    if (watch_)
      watch_->wait(longest);
    else
      std::this_thread::sleep_for(longest);
  }

  void print_news() {
    // In the moment in which a damaged database is set aside there may be none.
    if (reader_ && reader_->is_replaced()) {
      reader_.reset();
      query_.after_change = 0;
    }
    try {
      if (!reader_) reader_.emplace(path_);
      query_.until_change = reader_->last_change();
      if (query_.until_change <= query_.after_change) return;
      reader_->find(query_, [&](const store::FoundFinding& finding) {
        printer_.print(finding);
        return static_cast<bool>(session_.out);
      });
      query_.after_change = *query_.until_change;
    } catch (const store::CannotOpen&) {
      reader_.reset();
    }
  }

  const std::string path_;
  store::Query query_;
  StoredFindingPrinter& printer_;
  Session& session_;
  std::optional<sys::DirectoryWatch> watch_;
  std::optional<store::Reader> reader_;
};

int find(const Arguments& arguments, const StoreChoice& choice, Session& session) {
  store::Query query = to_query(arguments.filter, now());
  query.newest = arguments.limit;
  const std::string path = store_path(choice);
  StoredFindingPrinter printer(session.out, arguments.is_json);
  std::optional<Follower> follower;
  if (arguments.is_follow) {
    follower.emplace(path, query, printer, session);
    query.until_change = follower->beginning();
  }
  if (!arguments.is_follow || query.since || query.newest) {
    store::Reader(path).find(query, [&](const store::FoundFinding& finding) {
      printer.print(finding);
      return static_cast<bool>(session.out);
    });
  }
  if (printer.left_out() > 0)
    session.err << fmt::format(
        "dropwarden: {} more findings have no whole record any more (store.max_size); without --json they "
        "are listed\n",
        printer.left_out());
  return !follower || follower->run() ? done : failed;
}

}  // namespace

void add_findings(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("findings", "Look at what was found, also while no daemon runs");
  auto arguments = std::make_shared<Arguments>();
  auto choice = std::make_shared<StoreChoice>();
  add_store_options(*verb, *choice);
  add_filter_options(*verb, arguments->filter);
  verb->add_option("--limit", arguments->limit, "The newest of them, so many")->check(CLI::PositiveNumber);
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

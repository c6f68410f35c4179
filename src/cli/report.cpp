// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/output.hpp"

#include "finding_filter.hpp"
#include "open_store.hpp"
#include "report/page.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

// A browser takes seconds for more.
constexpr std::size_t most_findings = 10'000;

struct Arguments {
  StoreChoice choice;
  FindingFilter filter;
  std::string html;
};

// For its owner alone: what is in it is a map for an intruder.
void write_file(const std::string& file, std::string_view bytes) {
  const sys::Fd to = sys::value_or_throw(sys::open_path(file, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  while (!bytes.empty()) bytes.remove_prefix(sys::value_or_throw(sys::write_some(to.number(), bytes)));
}

int write_report(const Arguments& arguments, Session& session) {
  report::Contents contents;
  contents.made = util::WallTime{std::chrono::system_clock::now()};
  contents.database = store_path(arguments.choice, session.err);
  store::Query query = to_query(arguments.filter, contents.made);
  store::Reader reader(contents.database);
  const std::size_t all = reader.count(query);
  query.newest = most_findings;
  reader.find(query, [&](const store::FoundFinding& finding) {
    contents.findings.push_back(finding);
    contents.findings.back().record.reset();  // what is shown, the row has
    return true;
  });
  contents.left_out = all - std::min(all, contents.findings.size());
  const std::string page = report::make_page(contents);
  if (arguments.html == "-")
    session.out << page;
  else
    write_file(arguments.html, page);
  session.err << fmt::format("dropwarden: findings={} left_out={}\n", contents.findings.size(),
                             contents.left_out);
  return done;
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("report", "Write what was found as one page for a browser");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("--html", arguments->html, "The file to write; `-` is standard output")->required();
  add_store_options(*verb, arguments->choice);
  add_filter_options(*verb, arguments->filter);
  verb->callback([&session, arguments] {
    session.action = [&session, arguments] { return write_report(*arguments, session); };
  });
}

}  // namespace dropwarden::cli

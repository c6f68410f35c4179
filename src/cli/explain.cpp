// SPDX-License-Identifier: Apache-2.0
// Why a finding was shown or not, from its record in the database: it needs no daemon.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/store/reader.hpp"
#include "dropwarden/util/escape.hpp"

#include "exception_text.hpp"
#include "one_finding.hpp"
#include "open_store.hpp"
#include "options.hpp"
#include "verbs.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& record, std::string_view pointer) {
  boost::system::error_code error;
  const json::value* const found = record.find_pointer(pointer, error);
  return found != nullptr && found->is_string() ? shown(found->get_string()) : std::string{};
}

std::string join_at(const json::value& record, std::string_view pointer) {
  boost::system::error_code error;
  const json::value* const found = record.find_pointer(pointer, error);
  std::string words;
  if (found == nullptr || !found->is_array()) return words;
  for (const json::value& word : found->get_array()) {
    if (word.is_string()) words += (words.empty() ? "" : ", ") + shown(word.get_string());
  }
  return words;
}

// Where something of this name stands now.
template <class T>
std::string place_of(const std::vector<T>& list, const std::string& name) {
  const auto found = std::ranges::find(list, name, &T::name);
  if (found != list.end()) return "at " + util::escape(found->written.at);
  return name.starts_with("shipped-") ? "which comes along, policy.shipped" : "which is no longer configured";
}

void print_verdict(std::ostream& out, const json::value& record, const policy::Policy& policy) {
  const std::string verdict = text_at(record, "/decision/verdict");
  const std::string exception = text_at(record, "/decision/exception/name");
  if (verdict == "excepted") {
    out << fmt::format("verdict    excepted by \"{}\", {}\nreason     {}\n", exception,
                       place_of(policy.exceptions, exception), text_at(record, "/decision/exception/reason"));
  } else if (verdict == "held_back") {
    out << "verdict    held back: its container had more findings of this severity than policy.rate allows\n";
  } else {
    out << "verdict    shown: no exception covers it\n";
  }
  const std::string rule = text_at(record, "/decision/rule");
  const std::string severity = text_at(record, "/decision/severity");
  const std::string grounds = join_at(record, "/decision/grounds");
  out << fmt::format("severity   {}, {}\n", severity,
                     rule.empty() ? "by the assessment; no rule matches"
                                  : fmt::format("rule \"{}\", {}", rule, place_of(policy.rules, rule)));
  out << fmt::format("grounds    {}\n", grounds.empty() ? "none besides the kind of the file" : grounds);
  if (const std::string tags = join_at(record, "/decision/tags"); !tags.empty())
    out << fmt::format("tags       {}\n", tags);
  boost::system::error_code error;
  if (const auto* generation = record.find_pointer("/decision/generation", error))
    if (generation->is_number()) out << "generation " << json::serialize(*generation) << '\n';
}

int explain(const std::string& id, const std::string& config_file, Session& session) {
  const config::Config config = config_to_look(config_file, session.err);
  if (config.store.path.empty()) throw std::runtime_error("store.path is none: no finding is remembered");
  store::Reader reader(config.store.path);
  const store::FoundFinding finding = find_one(reader, id);
  if (!finding.record)
    throw std::runtime_error("no whole record of " + finding.id +
                             " is left (store.max_size), which would say what was decided and why");
  const json::value record = json::parse(*finding.record);
  session.out << fmt::format("finding    {}\npath       {}\ncontainer  {}\n", text_at(record, "/id"),
                             text_at(record, "/event/file/path"), text_at(record, "/event/container/id"));
  print_verdict(session.out, record, config.policy);
  session.out
      << "\nThe narrowest exception that covers it and nothing else; what differs from one time to the\n"
         "next has to go:\n\n"
      << exception_for(record);
  return done;
}

}  // namespace

void add_explain(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("explain", "Say which rule or exception decided on a finding, and how to except it");
  auto id = std::make_shared<std::string>();
  auto config = std::make_shared<std::string>();
  verb->add_option("ID", *id, "The id of the finding, or how it begins")->required();
  add_config_option(*verb, *config);
  verb->callback([&session, id, config] {
    session.action = [&session, id, config] { return explain(*id, *config, session); };
  });
}

}  // namespace dropwarden::cli

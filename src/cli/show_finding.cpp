// SPDX-License-Identifier: Apache-2.0
#include "show_finding.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/util/escape.hpp"

#include "finding_printer.hpp"
#include "one_finding.hpp"
#include "open_store.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;

struct Arguments {
  std::string id;
  bool is_json = false;
};

using Field = std::pair<std::string, std::string>;

// Each value by its name, as dropwarden-findings(5) has it.
void flatten(const std::string& name, const json::value& value, std::vector<Field>& fields) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.get_object())
      flatten(name.empty() ? shown(key) : name + "." + shown(key), member, fields);
  } else if (value.is_array() && !value.get_array().empty()) {
    std::size_t number = 0;
    for (const auto& element : value.get_array())
      flatten(fmt::format("{}[{}]", name, number++), element, fields);
  } else if (value.is_string()) {
    fields.emplace_back(name, shown(value.get_string()));
  } else if (!value.is_null() && !value.is_array()) {
    fields.emplace_back(name, shown(json::serialize(value)));
  }
}

std::vector<Field> fields_of(const store::FoundFinding& finding) {
  std::vector<Field> fields;
  boost::system::error_code error;
  const json::value record = finding.record ? json::parse(*finding.record, error) : json::value{};
  if (record.is_object()) {
    flatten("", record, fields);
  } else {
    const store::Workload& of = finding.workload;
    fields = {{"id", finding.id},
              {"time", util::format_rfc3339(finding.time)},
              {"event.container.id", shown(of.container)},
              {"event.container.name", shown(of.name)},
              {"event.container.image.name", shown(of.image)},
              {"event.container.pod.name", shown(of.pod)},
              {"event.container.pod.namespace", shown(of.name_space)},
              {"event.file.path", shown(finding.path)},
              {"event.file.kind", shown(finding.kind)},
              {"event.file.size", std::to_string(finding.size)},
              {"event.file.sha256.value", shown(finding.sha256)}};
  }
  // What only the store knows.
  fields.emplace_back("seen",
                      finding.count == 1 ? std::string("once") : fmt::format("{} times", finding.count));
  fields.emplace_back("last_seen", util::format_rfc3339(finding.last_seen));
  fields.emplace_back("last_path", shown(finding.path));
  fields.emplace_back("told", finding.told == 0 ? "no" : fmt::format("revision {}", finding.told));
  return fields;
}

int show(const Arguments& arguments, const StoreChoice& choice, Session& session) {
  store::Reader reader(store_path(choice, session.err));
  const store::FoundFinding finding = find_one(reader, arguments.id);
  if (arguments.is_json) {
    if (!finding.record)
      throw std::runtime_error("no whole record of " + finding.id +
                               " is left (store.max_size); see without --json");
    session.out << recorded_line(*finding.record) << '\n';
    return done;
  }
  const auto fields = fields_of(finding);
  std::size_t width = 0;
  for (const auto& [name, value] : fields) width = std::max(width, name.size());
  for (const auto& [name, value] : fields)
    if (!value.empty()) session.out << fmt::format("{:<{}}  {}\n", name, width, value);
  return done;
}

}  // namespace

void add_show_finding(CLI::App& findings, const std::shared_ptr<StoreChoice>& choice, Session& session) {
  CLI::App* verb = findings.add_subcommand("show", "Print all that is known of one finding");
  verb->group("Verbs");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("ID", arguments->id, "Its `id`, or the beginning of it")->required();
  add_store_options(*verb, *choice);
  verb->add_flag("--json", arguments->is_json, "Print its newest record, as it is stored");
  verb->callback([&session, arguments, choice] {
    session.action = [&session, arguments, choice] { return show(*arguments, *choice, session); };
  });
}

}  // namespace dropwarden::cli

// SPDX-License-Identifier: Apache-2.0
// What is meant for Prometheus is read by its own promtool(1): the rules of the chart, the queries of the
// dashboard and of dropwarden-metrics(5), and the page that a daemon serves.
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/free_port.hpp"
#include "support/man_page.hpp"
#include "support/requirements.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

const std::string top = DROPWARDEN_SOURCE_DIRECTORY;

// The `spec` of the PrometheusRule, which is what a file of rules is.
std::string rules_of_chart() {
  for (const auto& object : YAML::LoadAllFromFile(top + "/tests/packages/kubernetes/full.golden.yaml"))
    if (object.IsMap() && object["kind"].as<std::string>() == "PrometheusRule")
      return YAML::Dump(object["spec"]);
  throw std::runtime_error("the chart has no PrometheusRule");
}

std::vector<std::string> queries_of_dashboard() {
  std::vector<std::string> queries;
  const auto board =
      boost::json::parse(read_file(top + "/packaging/kubernetes/chart/dashboards/dropwarden.json"));
  for (const auto& panel : board.at("panels").as_array())
    for (const auto& target : panel.at("targets").as_array())
      queries.emplace_back(target.at("expr").as_string());
  return queries;
}

// A rule for each: promtool reads nothing else of that language without a server.
std::string as_rules(const std::vector<std::string>& queries) {
  YAML::Node group;
  group["name"] = "queries";
  for (const auto& query : queries) {
    YAML::Node rule;
    rule["alert"] = "Query" + std::to_string(group["rules"].size());
    rule["expr"] = query;
    group["rules"].push_back(rule);
  }
  YAML::Node file;
  file["groups"].push_back(group);
  return YAML::Dump(file);
}

class Queries : public testing::Test {
 protected:
  void SetUp() override {
    const auto missing = missing_requirement({"promtool", "curl"});
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
  CommandResult checked(const std::string& rules) const {
    write_file(directory_.path() / "rules.yaml", rules);
    return run_command({"promtool", "check", "rules", directory_.path() / "rules.yaml"});
  }

  TemporaryDirectory directory_;
};

TEST_F(Queries, OfTheChartArePrometheusRules) {
  const auto result = checked(rules_of_chart());
  EXPECT_TRUE(result.status.is_success()) << result.output << result.error;
}

TEST_F(Queries, OfTheDashboardAreUnderstood) {
  const auto queries = queries_of_dashboard();
  EXPECT_GT(queries.size(), 5U);
  const auto result = checked(as_rules(queries));
  EXPECT_TRUE(result.status.is_success()) << result.output << result.error;
  EXPECT_FALSE(checked(as_rules({"sum(dropwarden_findings_total"})).status.is_success());
}

TEST_F(Queries, OfTheManualPageAreUnderstood) {
  const ManPage page("dropwarden-metrics.5");
  const auto& queries = page.section("EXAMPLES").literal;
  EXPECT_GT(queries.size(), 4U);
  const auto result = checked(as_rules(queries));
  EXPECT_TRUE(result.status.is_success()) << result.output << result.error;
}

TEST_F(Queries, AreAnsweredByAPageInPrometheusFormat) {
  const TemporaryDirectory place;
  const auto address = "127.0.0.1:" + std::to_string(free_port());
  const Daemon daemon(place.path(), {}, {}, "metrics: {listen: \"" + address + "\"}\n");
  const auto result =
      run_command({"bash", "-o", "pipefail", "-c",
                   "curl --silent --fail http://" + address + "/metrics | promtool check metrics"});
  EXPECT_TRUE(result.status.is_success()) << result.output << result.error;
}

}  // namespace
}  // namespace dropwarden::test

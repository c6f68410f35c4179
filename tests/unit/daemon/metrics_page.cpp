// SPDX-License-Identifier: Apache-2.0
// The page /metrics, and dropwarden-metrics(5), which has every family of it with its type and its labels.
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/metrics_report.hpp"
#include "support/man_page.hpp"

namespace dropwarden::daemon {
namespace {

using testing::HasSubstr;

struct Family {
  std::string type;
  std::set<std::string> labels;

  friend bool operator==(const Family&, const Family&) = default;
};

std::ostream& operator<<(std::ostream& out, const Family& family) {
  out << family.type;
  for (const auto& label : family.labels) out << ' ' << label;
  return out;
}

std::string page_of(const FindingTally& tally = {}, const monitor::Ledger& ledger = {}) {
  container::Snapshot snapshot;
  snapshot.sources.push_back({.name = "cri /run/x.sock", .is_connected = true});
  monitor::VitalSigns signs;
  signs.parts.push_back({.name = "hash"});
  std::vector<monitor::WatchedMount> mounts(2);
  mounts[0].coverage = mount::Coverage::file_system;
  mounts[0].sync.emplace();
  mounts[0].sync->reasons = {monitor::DesyncReason::lease};
  return format_metrics({.started = util::WallTime{std::chrono::hours{1}},
                         .marks = 7,
                         .outputs = {{.name = "siem",
                                      .type = "webhook",
                                      .format = "ecs",
                                      .delivered = 5,
                                      .pending = 2,
                                      .lag = std::chrono::milliseconds{1500},
                                      .problem = "refused"}},
                         .open_findings = 3,
                         .most_open_findings = 9,
                         .scans = {.complete = 12, .cut = 4}},
                        snapshot, mounts, {}, ledger, signs, tally);
}

std::map<std::string, Family> families_of(const std::string& page) {
  std::map<std::string, Family> families;
  std::istringstream lines(page);
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string sharp;
    std::string kind;
    if (line.starts_with("# TYPE ")) {
      words >> sharp >> kind >> name;
      words >> families[name].type;
    }
    if (line.starts_with('#') || line.find('{') == std::string::npos) continue;
    std::string labels = line.substr(line.find('{') + 1);
    for (std::size_t equals = labels.find('='); equals != std::string::npos; equals = labels.find('=')) {
      const auto label = labels.substr(0, equals);
      if (label != "le") families[name].labels.insert(label);
      labels = labels.substr(labels.find('"', equals + 2) + 1);
      if (!labels.starts_with(',')) break;
      labels = labels.substr(1);
    }
  }
  return families;
}

TEST(MetricsPage, IsDescribedInItsManualPage) {
  static const test::ManPage page("dropwarden-metrics.5");
  std::map<std::string, Family> described;
  for (const auto& item : page.section("METRICS").items) {
    auto& family = described[item.marked("Va")];
    family.type = item.marked("Vt");
    EXPECT_NE(item.text, "") << item.head;
    for (const auto& label : item.items) family.labels.insert(label.marked("Cm"));
  }
  EXPECT_EQ(described, families_of(page_of())) << "man/dropwarden-metrics.5: `.It Va NAME : Vt TYPE` for "
                                                  "each family, `.It Cm LABEL` in it for each label";
}

TEST(MetricsPage, SaysHowFarEachOutputIsBehind) {
  const auto page = page_of();
  constexpr const char* labels = "{output=\"siem\",type=\"webhook\"}";
  EXPECT_THAT(page, HasSubstr(std::string("\ndropwarden_output_pending") + labels + " 2\n"));
  EXPECT_THAT(page, HasSubstr(std::string("\ndropwarden_output_lag_seconds") + labels + " 1.5\n"));
  EXPECT_THAT(page, HasSubstr(std::string("\ndropwarden_output_failing") + labels + " 1\n"));
  EXPECT_THAT(page, HasSubstr(std::string("\ndropwarden_output_delivered_total") + labels + " 5\n"));
}

TEST(MetricsPage, CountsWhatTheLedgerCounts) {
  monitor::Ledger ledger;
  ledger.receive();
  ledger.end(model::Disposition::reported);
  ledger.lose(model::Loss::queue_overflow);
  const auto page = page_of({}, ledger);
  EXPECT_THAT(page, HasSubstr("\ndropwarden_events_received_total 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_events_total{disposition=\"reported\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_losses_total{loss=\"queue_overflow\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_mounts{state=\"watched\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_mounts{state=\"unwatched\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_mounts_desynced 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_containers_desynced 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_open_findings 3\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_open_findings_highest 9\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_scans_total{outcome=\"complete\"} 12\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_scans_total{outcome=\"cut\"} 4\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_marks 7\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_source_connected{source=\"cri /run/x.sock\"} 1\n"));
}

TEST(MetricsPage, CountsAFindingOnceAndTimesItsFirstRecordOnly) {
  FindingTally tally;
  model::Finding finding;
  finding.event.time = util::WallTime{std::chrono::seconds{10}};
  finding.event.detected_by = model::Sensor::exec;
  tally.count(finding, finding.event.time + std::chrono::milliseconds{2});
  finding.revision = 2;
  tally.count(finding, finding.event.time + std::chrono::hours{2});
  finding.revision = 1;
  finding.event.detected_by = model::Sensor::scan;
  tally.count(finding, finding.event.time + std::chrono::hours{2});
  const auto page = page_of(tally);
  EXPECT_THAT(page, HasSubstr("\ndropwarden_findings_total{sensor=\"exec\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_findings_total{sensor=\"scan\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_finding_records_total 3\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_finding_delay_seconds_count 1\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_finding_delay_seconds_sum 0.002\n"));
}

TEST(MetricsPage, CountsFindingsByRuleAndSeverityOnceTheyAreShown) {
  FindingTally tally;
  model::Finding finding;
  finding.decision.severity = model::Severity::high;
  tally.count(finding, finding.event.time);
  finding.decision.rule = "web \"roots\"";
  tally.count(finding, finding.event.time);
  finding.revision = 2;
  tally.count(finding, finding.event.time);
  finding.is_shown_late = true;
  tally.count(finding, finding.event.time + std::chrono::hours{1});
  const auto page = page_of(tally);
  constexpr const char* name = "\ndropwarden_findings_by_rule_total";
  EXPECT_THAT(page, HasSubstr(name + std::string("{rule=\"\",severity=\"high\"} 1\n")));
  EXPECT_THAT(page, HasSubstr("{rule=\"web \\\"roots\\\"\",severity=\"high\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("{rule=\"\",severity=\"critical\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("\ndropwarden_finding_delay_seconds_count 2\n"));
}

TEST(MetricsPage, BoundsTheRulesThatItCounts) {
  FindingTally tally;
  model::Finding finding;
  for (int number = 0; number < 5000; ++number) {
    finding.decision.rule = std::to_string(number);
    tally.count(finding, finding.event.time);
  }
  EXPECT_LT(tally.by_rule().size(), 1010U);
  EXPECT_THAT(page_of(tally), HasSubstr("{rule=\"other\",severity=\"info\"} 4000\n"));
}

TEST(HealthPage, FailsWhereTheMonitorMayBeBlindOrIsNotReady) {
  monitor::VitalSigns signs;
  EXPECT_EQ(make_health_page(signs, true).status, 200U);
  EXPECT_EQ(make_health_page(signs, false).status, 503U);
  signs.condition = monitor::Condition::degraded;
  EXPECT_EQ(make_health_page(signs, true).status, 200U);
  EXPECT_FALSE(may_be_blind(signs));
  signs.condition = monitor::Condition::unhealthy;
  EXPECT_EQ(make_health_page(signs, true).status, 503U);
  EXPECT_TRUE(may_be_blind(signs));
}

TEST(HealthPage, SaysWhy) {
  monitor::VitalSigns signs;
  EXPECT_EQ(make_health_page(signs, true).body, "ok\n");
  signs.condition = monitor::Condition::unhealthy;
  signs.reasons.push_back({.part = "canary", .condition = monitor::Condition::unhealthy, .text = "missed"});
  EXPECT_EQ(make_health_page(signs, true).body, "unhealthy\nunhealthy: canary: missed\n");
}

}  // namespace
}  // namespace dropwarden::daemon

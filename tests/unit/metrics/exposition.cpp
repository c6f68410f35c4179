// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/metrics/exposition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::metrics {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

TEST(Exposition, NamesEachFamilyBeforeItsSamples) {
  Exposition page;
  page.family(Exposition::Type::counter, "a_total", "What it counts");
  page.sample(std::uint64_t{3}, {{"kind", "x"}, {"other", "y"}});
  page.sample(std::uint64_t{4}, {{"kind", "z"}});
  page.family(Exposition::Type::gauge, "b", "What it is");
  page.sample(1.5);
  EXPECT_EQ(page.text(),
            "# HELP a_total What it counts\n# TYPE a_total counter\n"
            "a_total{kind=\"x\",other=\"y\"} 3\na_total{kind=\"z\"} 4\n"
            "# HELP b What it is\n# TYPE b gauge\nb 1.5\n");
}

TEST(Exposition, LetsNoLabelEndItsLine) {
  Exposition page;
  page.family(Exposition::Type::gauge, "a", "x");
  page.sample(std::uint64_t{1}, {{"name", "q\"\\\nfake 1\xff"}});
  EXPECT_THAT(page.text(), EndsWith("a{name=\"q\\\"\\\\\\\\\\\\nfake 1\\\\xff\"} 1\n"));
}

TEST(Exposition, CutsALongLabel) {
  Exposition page;
  page.family(Exposition::Type::gauge, "a", "x");
  page.sample(std::uint64_t{1}, {{"name", std::string(100'000, 'x')}});
  EXPECT_LT(page.text().size(), 400U);
}

TEST(Exposition, WritesBucketsThatGrow) {
  Histogram histogram;
  histogram.observe(500us);  // at the bound
  histogram.observe(501us);
  histogram.observe(2h);  // beyond all
  histogram.observe(-1s);
  Exposition page;
  page.histogram("a_seconds", "x", histogram);
  EXPECT_THAT(page.text(), HasSubstr("# TYPE a_seconds histogram\n"));
  EXPECT_THAT(page.text(),
              HasSubstr("a_seconds_bucket{le=\"0.0005\"} 2\na_seconds_bucket{le=\"0.001\"} 3\n"));
  EXPECT_THAT(page.text(), HasSubstr("a_seconds_bucket{le=\"60\"} 3\na_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(page.text(), EndsWith("a_seconds_sum 7200.001001\na_seconds_count 4\n"));
}

}  // namespace
}  // namespace dropwarden::metrics

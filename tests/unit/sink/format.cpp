// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/format.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sample.hpp"

namespace dropwarden::sink {
namespace {

constexpr Format formats[]{Format::native, Format::tracee, Format::falco, Format::ecs,
                           Format::ocsf,   Format::cef,    Format::text};

TEST(Format, MakesALineOfItsOwnInEach) {
  std::set<std::string> lines;
  for (const Format format : formats) {
    lines.insert(format_line(format, sample_finding(), {}));
    lines.insert(format_line(format, sample_finding().event, {}));
  }
  EXPECT_EQ(lines.size(), 2 * std::size(formats));
}

TEST(Format, HasRevisionsWhereAReaderCanTellThem) {
  std::set<Format> with;
  for (const Format format : formats) {
    if (has_revisions(format)) with.insert(format);
  }
  EXPECT_EQ(with, (std::set{Format::native, Format::ocsf}));
}

}  // namespace
}  // namespace dropwarden::sink

// SPDX-License-Identifier: Apache-2.0
// Tracee's own cases for its signature `dropped_executable`, asked of the way from bytes to finding: what it
// reports is reported here. Beyond it, files in /dev/shm are: a program there runs as any other.
#include "dropwarden/policy/dropped_executable.hpp"

#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::string_view_literals;

model::WriteEvent event_of(std::string_view path, std::string_view bytes) {
  model::WriteEvent event;
  const auto header = std::as_bytes(std::span(bytes));
  event.header.assign(header.begin(), header.end());
  event.file.path = path;
  if (classify::looks_executable(header)) event.file.kind = classify::classify_header(header);
  return event;
}

enum class Tracee { reports, is_silent };

struct Case {
  std::string_view path;
  std::string_view bytes;
  Tracee tracee;
  bool is_found;
};

constexpr auto four_bytes = "\x7f\x45\x4c\x46"sv;
constexpr auto eight_bytes = "\x7f\x45\x4c\x46\x02\x01\x01\x00"sv;

void expect_case(const Case& each) {
  const auto found = policy::detect(event_of(each.path, each.bytes), {});
  EXPECT_EQ(found.has_value(), each.is_found) << each.path;
  if (each.tracee == Tracee::reports) {
    EXPECT_TRUE(found) << each.path;
  }
  if (found) {
    EXPECT_EQ(*found, policy::dropped_executable);
  }
}

TEST(TraceeCases, OfTheRelease) {
  expect_case({"/bin/malware", four_bytes, Tracee::reports, true});
  expect_case({"/bin/not_a_malware", "\0\0\0\0"sv, Tracee::is_silent, false});
  expect_case({"/dev/shm/malware", four_bytes, Tracee::is_silent, true});
}

TEST(TraceeCases, OfTheDetectors) {
  expect_case({"/tmp/malware", eight_bytes, Tracee::reports, true});
  expect_case({"/var/lib/suspicious", eight_bytes, Tracee::reports, true});
  expect_case({"/dev/shm/test", eight_bytes, Tracee::is_silent, true});
  expect_case({"/tmp/archive.zip", "\x50\x4b\x03\x04"sv, Tracee::is_silent, false});
}

// Of the rego form, and of the test for the magic bytes.
TEST(TraceeCases, OfTheMagicBytes) {
  expect_case({"new_file", "\x7f\x45\x4c\x46\x02\x01\x01\0\0\0\0\0\0\0\0\0"sv, Tracee::reports, true});
  expect_case({"new_file", "\x7c\xf3\x15\x31\x14\xc4"sv, Tracee::is_silent, false});
  expect_case({"x", "\x7f\x45\x4c\x46\x02\x01\x01"sv, Tracee::reports, true});
  expect_case({"x", "\x7f\x45\x4c\x47"sv, Tracee::is_silent, false});
}

// What Tracee calls a memory path it leaves to another signature. Here the path decides nothing: /dev/shm and
// /run/shm are directories like others. A memfd is in no directory, so that no write to it becomes an event
// in the first place (fanotify(7) watches mounts and file systems that can be reached by a path).
TEST(TraceeCases, OfTheMemoryPaths) {
  for (const auto path : {"memfd:test", "memfd:myfile (deleted)", "/run/shm/test", "/dev/shm/test"})
    expect_case({path, eight_bytes, Tracee::is_silent, true});
  for (const auto path : {"/tmp/test", "/srv/user/file", "/", "", "/some/path/to/dev/shm/file",
                          "/some/memfd:path", "memfx:test"}) {
    expect_case({path, eight_bytes, Tracee::reports, true});
  }
}

}  // namespace
}  // namespace dropwarden::monitor

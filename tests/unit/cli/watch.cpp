// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <sstream>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sink/columns.hpp"

#include "cli/watch_screen.hpp"
#include "cli/watch_state.hpp"

namespace dropwarden::cli::watch {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const util::WallTime noon = util::parse_rfc3339("2026-11-27T12:00:00Z").value();

store::FoundFinding finding(int number, const std::string& name, const std::string& path) {
  store::FoundFinding made;
  made.id = std::to_string(number);
  made.time = noon + number * 1s;
  made.workload = {
      .container = "id-" + name, .name = name, .image = "image-" + name, .pod = {}, .name_space = {}};
  made.kind = "elf";
  made.severity = static_cast<unsigned>(number % 5);
  made.path = path;
  made.path_state = "live";
  return made;
}

boost::json::object report(int received, const char* reasons = "[]") {
  const std::string text = R"({"containers":[{"id":"id-web","name":"web","image":"image-web","mounts":[
      {"sensor":"close_write","sync":{"reasons":)" +
                           std::string(reasons) + R"(}}, {"sensor":null,"sync":null}]},
      {"id":"id-idle","name":"idle","image":"i","mounts":[]}],
      "ledger":{"received":)" +
                           std::to_string(received) + R"(,"ended":{},"lost":{"lease":2,"open_failed":1}}})";
  return boost::json::parse(text).as_object();
}

std::vector<std::string> shown(const State& state) {
  std::vector<std::string> paths;
  for (const auto* finding : state.findings()) paths.push_back(finding->path);
  return paths;
}

// The lines of a screen without what a terminal does not show.
std::vector<std::string> lines_of(const std::string& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\x1b') {
      text += bytes[i];
      continue;
    }
    i = bytes.find_first_of("HJKm", i);
  }
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line.substr(0, line.find('\r')));
  return lines;
}

TEST(WatchState, ShowsTheNewestFindingFirstAndFurtherRecordsInItsPlace) {
  State state;
  state.add(finding(1, "web", "/a"));
  state.add(finding(2, "web", "/b"));
  state.add(finding(1, "web", "/moved"));
  EXPECT_THAT(shown(state), ElementsAre("/b", "/moved"));
  for (int i = 0; i < 1500; ++i) state.add(finding(i, "web", "/x"));
  EXPECT_THAT(state.findings(), SizeIs(State::kept_findings));
}

TEST(WatchState, CountsFindingsOfContainersThoseWithTheNewestFirst) {
  State state;
  state.set_report(report(0, R"(["lease"])"), noon);
  state.add(finding(-3600, "db", "/x"));
  state.add(finding(1, "web", "/a"));
  state.add(finding(2, "web", "/b"));
  const auto rows = state.containers(noon + 10s);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].name, "web");
  EXPECT_EQ(rows[0].findings, 2U);
  EXPECT_EQ(rows[0].in_last_minute, 2U);
  EXPECT_EQ(rows[0].mounts, 1U);
  EXPECT_TRUE(rows[0].is_desynced);
  EXPECT_EQ(rows[1].name, "db");
  EXPECT_FALSE(rows[1].is_running);
  EXPECT_EQ(rows[1].in_last_minute, 0U);
  EXPECT_EQ(rows[2].name, "idle");
}

TEST(WatchState, TellsTheRateOfEventsFromTwoReportsOfOneDaemon) {
  State state;
  state.set_report(report(100), noon);
  EXPECT_EQ(state.daemon().events_per_second, std::nullopt);
  EXPECT_EQ(state.daemon().lost, 3);
  state.set_report(report(300), noon + 2s);
  EXPECT_EQ(state.daemon().events_per_second, 100.0);
  state.set_report(report(5), noon + 3s);
  EXPECT_EQ(state.daemon().events_per_second, std::nullopt) << "it was started anew";
  state.set_problem("connect: gone");
  EXPECT_EQ(state.running(), 0U);
}

TEST(WatchState, FiltersByTextSeverityAndContainer) {
  State state;
  state.add(finding(1, "web", "/usr/bin/x"));
  state.add(finding(4, "db", "/tmp/y"));
  EXPECT_TRUE(state.press("/usr"));
  EXPECT_TRUE(state.is_typing());
  EXPECT_THAT(shown(state), ElementsAre("/usr/bin/x"));
  state.press("q\x7f\r");
  EXPECT_FALSE(state.is_typing()) << "a letter is no command while it is typed";
  EXPECT_EQ(state.text(), "usr");
  state.press("\x1b");
  EXPECT_THAT(shown(state), SizeIs(2));
  state.press("ss");
  EXPECT_THAT(shown(state), ElementsAre("/tmp/y"));
  state.press("sss");
  EXPECT_THAT(shown(state), SizeIs(2)) << "all again";
  state.press("\x1b[B\r");
  EXPECT_EQ(state.container(), "id-web") << "the second row";
  EXPECT_THAT(shown(state), ElementsAre("/usr/bin/x"));
  state.press("k\r");
  EXPECT_EQ(state.container(), "id-db");
  state.press("\r");
  EXPECT_EQ(state.container(), "");
  EXPECT_FALSE(state.press("q"));
}

TEST(WatchState, KeepsWhatComesWhileItIsPaused) {
  State state;
  state.press("p");
  state.add(finding(1, "web", "/a"));
  EXPECT_THAT(shown(state), IsEmpty());
  state.press("p");
  EXPECT_THAT(shown(state), ElementsAre("/a"));
}

TEST(WatchState, TakesAnyBytesForKeys) {
  State state;
  state.add(finding(1, "web", "/a"));
  for (int first = 0; first < 256; ++first) {
    for (const char* rest : {"", "[", "[1;5", "\xff\x80", "\x1b[A"}) {
      State fresh = state;
      fresh.press(std::string(1, static_cast<char>(first)) + rest);
      fresh.press("/" + std::string(1, static_cast<char>(first)) + rest + "\x7f\x7f\x7f\x7f\x7f");
      draw(fresh, {.rows = 10, .columns = 40}, noon);
    }
  }
}

TEST(WatchScreen, FitsEverySizeWithNoControlCharacterOfAContainer) {
  State state;
  state.set_report(report(1), noon);
  for (int i = 0; i < 50; ++i) {
    auto hostile = finding(i, "n" + std::to_string(i) + "\x1b[2J\r\n\u202e",
                           "/tmp/\x1b]0;x\x07\xff" + std::string(300, 'x'));
    hostile.workload.image = "\x1b[31m";
    state.add(hostile);
  }
  state.press("/\x1b[2J");
  for (const std::size_t rows : {1U, 2U, 5U, 10U, 24U, 60U}) {
    for (const std::size_t columns : {70U, 80U, 200U}) {
      const std::string bytes = draw(state, {.rows = rows, .columns = columns, .is_colored = true}, noon);
      const auto lines = lines_of(bytes);
      EXPECT_EQ(lines.size(), rows);
      for (const std::string& line : lines) EXPECT_LE(sink::columns_of(line), columns) << line;
      EXPECT_THAT(bytes, AllOf(Not(HasSubstr("\x1b[2J")), Not(HasSubstr("\x07")), Not(HasSubstr("\x1b]"))));
    }
  }
}

TEST(WatchScreen, HasContainersFindingsAndTheDaemonsState) {
  State state;
  state.add(finding(3, "web", "/usr/bin/x"));
  EXPECT_THAT(draw(state, {}, noon), HasSubstr("no daemon answers"));
  state.set_report(report(7), noon);
  const std::string bytes = draw(state, {}, noon);
  EXPECT_THAT(bytes,
              AllOf(HasSubstr("2 containers, 0 desynced"), HasSubstr("events 7"), HasSubstr("lost 3")));
  EXPECT_THAT(bytes,
              AllOf(HasSubstr("web"), HasSubstr("image-web"), HasSubstr("/usr/bin/x"), HasSubstr("high")));
  state.press("ssss");
  EXPECT_THAT(draw(state, {.columns = 120}, noon),
              AllOf(Not(HasSubstr("/usr/bin/x")), HasSubstr("critical and above")));
}

}  // namespace
}  // namespace dropwarden::cli::watch

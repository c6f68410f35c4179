// SPDX-License-Identifier: Apache-2.0
// `dropwarden scan` beside a real runtime, with no daemon.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/mounts.hpp"
#include "support/sha256.hpp"
#include "support/terminal.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const std::vector<std::string> idle{"sleep", "100000"};

struct Scanned {
  int status = -1;
  std::vector<Record> records;
  std::string output;
  std::string error;
};

class ScanVerb : public RuntimeTest {
 protected:
  static CommandResult run(const std::vector<std::string>& arguments, const std::string& first_output = {}) {
    return run_dropwarden(command_line(arguments, first_output));
  }

  static std::vector<std::string> command_line(std::vector<std::string> arguments,
                                               const std::string& first_output = {}) {
    static const std::string directory = make_directory();
    const std::string file = directory + "/scan.yaml";
    std::string configuration = make_configuration(directory, {runtime().socket()});
    const std::string_view outputs = "outputs:\n";
    configuration.insert(configuration.find(outputs) + outputs.size(), first_output);
    write_file(file, configuration);
    arguments.insert(arguments.begin(), {"scan", "--config", file});
    return arguments;
  }

  static Scanned scan(const std::vector<std::string>& arguments) {
    const CommandResult result = run(arguments);
    Scanned scanned{
        .status = result.status.value, .records = {}, .output = result.output, .error = result.error};
    std::istringstream lines(result.output);
    for (std::string line; std::getline(lines, line);) scanned.records.push_back(boost::json::parse(line));
    return scanned;
  }
};

TEST_F(ScanVerb, FindsADropThatNobodyWatchedAndNothingElse) {
  ScopedContainer container(runtime(), idle);
  container.execute(
      "cp /bin/busybox '/tmp/dropped file'; chmod 0700 /opt/tool /bin/busybox; echo text > /tmp/text; "
      "cp /opt/script /tmp/s; rm /opt/script; mv /tmp/s /opt/script");
  const Scanned scanned = scan({container->id});
  EXPECT_EQ(scanned.status, 3) << scanned.error;
  ASSERT_THAT(scanned.records, SizeIs(1)) << scanned.output << scanned.error;
  const Record& record = scanned.records[0];
  SCOPED_TRACE(boost::json::serialize(record));
  const auto busybox = read_file("/bin/busybox");
  EXPECT_EQ(text_at(record, "/detected_by"), "scan");
  EXPECT_EQ(text_at(record, "/status"), "final");
  EXPECT_EQ(text_at(record, "/event/container/id"), container->id);
  EXPECT_EQ(text_at(record, "/event/container/name"), container->name);
  EXPECT_EQ(text_at(record, "/event/container/runtime"), runtime().name());
  EXPECT_EQ(text_at(record, "/event/file/path"), "/tmp/dropped file");
  EXPECT_EQ(text_at(record, "/event/file/kind"), "elf");
  EXPECT_EQ(text_at(record, "/event/file/origin"), "new");
  EXPECT_EQ(text_at(record, "/event/file/sha256/value"), sha256(busybox));
  EXPECT_EQ(text_at(record, "/event/process/pid"), "");
  EXPECT_EQ(text_at(record, "/event/process/name"), "");
  EXPECT_THAT(scanned.error, HasSubstr("containers=1 "));
  EXPECT_THAT(scanned.error, HasSubstr("findings=1 complete=true\n"));
}

TEST_F(ScanVerb, GivesTheIdThatTheDaemonGave) {
  ScopedContainer container(runtime(), idle);
  std::string modified;
  std::string created;
  {
    Daemon daemon(make_directory(), {runtime().socket()});
    container.execute("cp /bin/busybox /tmp/x; printf x >> /opt/tool");
    const auto first = daemon.wait_for_record(final_of(container->id, "/tmp/x"), 20s);
    const auto second = daemon.wait_for_record(final_of(container->id, "/opt/tool"), 20s);
    ASSERT_TRUE(first && second) << daemon.log();
    created = text_at(*first, "/id");
    modified = text_at(*second, "/id");
  }
  const Scanned scanned = scan({container->id});
  ASSERT_THAT(scanned.records, SizeIs(2)) << scanned.output << scanned.error;
  for (const Record& record : scanned.records) {
    const bool is_new = path_of(record) == "/tmp/x";
    EXPECT_EQ(text_at(record, "/id"), is_new ? created : modified) << boost::json::serialize(record);
    EXPECT_EQ(text_at(record, "/event/file/origin"), is_new ? "new" : "modified");
  }
}

TEST_F(ScanVerb, FindsWhatAStoppedContainerLeftWhereItsRuntimeTellsTheLayer) {
  // The others do not tell where the layers of a stopped container are.
  if (runtime().name() == "containerd" || under_test().has_image_store) {
    std::cout << "not tried: " << runtime().name() << " does not tell\n";
    return;
  }
  const auto others = mount_points_below(directory(), "overlay");
  ScopedContainer container(runtime(), {"sh", "-c", "cp /bin/busybox /tmp/x; chmod 0700 /opt/tool"});
  Scanned scanned;
  const auto has_ended = [&] {
    scanned = scan({container->id});
    // While it runs, the overlay is mounted; the first scan may come before the drop.
    return scanned.status == 3 && mount_points_below(directory(), "overlay").size() <= others.size();
  };
  ASSERT_TRUE(wait_for(has_ended, 20s)) << scanned.output << scanned.error;
  scanned = scan({container->name});
  EXPECT_EQ(scanned.status, 3) << scanned.error;
  ASSERT_THAT(scanned.records, SizeIs(1)) << scanned.output << scanned.error;
  EXPECT_EQ(path_of(scanned.records[0]), "/tmp/x");
  EXPECT_EQ(text_at(scanned.records[0], "/event/file/origin"), "new");
  EXPECT_EQ(text_at(scanned.records[0], "/event/file/sha256/status"), "done");
}

TEST_F(ScanVerb, FindsWhatLiesInVolumesAndTmpfsAndWasNotThereBefore) {
  const std::string data = make_directory();
  std::filesystem::copy_file("/bin/busybox", data + "/of-the-host");
  // Times of files and of runtimes are not equally fine.
  std::this_thread::sleep_for(2500ms);
  ScopedContainer container(runtime(), idle, {{TestMount::Kind::bind, data, "/data"}});
  container.execute("cp /bin/busybox /data/dropped; cp /bin/busybox /dev/shm/dropped");
  const Scanned scanned = scan({container->id});
  EXPECT_EQ(scanned.status, 3) << scanned.error;
  std::map<std::string, std::string> places;
  for (const Record& record : scanned.records)
    places.emplace(path_of(record), text_at(record, "/event/file/mount"));
  EXPECT_THAT(places, testing::UnorderedElementsAre(testing::Pair("/data/dropped", "volume"),
                                                    testing::Pair("/dev/shm/dropped", "tmpfs")))
      << scanned.output << scanned.error;
}

TEST_F(ScanVerb, EndsWellWithACleanContainer) {
  ScopedContainer container(runtime(), idle);
  const Scanned scanned = scan({container->id.substr(0, 12)});
  EXPECT_EQ(scanned.status, 0) << scanned.output << scanned.error;
  EXPECT_THAT(scanned.records, IsEmpty());
}

TEST_F(ScanVerb, PrintsTheOtherFormats) {
  ScopedContainer container(runtime(), idle);
  container.execute("cp /bin/busybox /tmp/dropped");
  const Scanned tracee = scan({"--format", "tracee", container->id});
  ASSERT_THAT(tracee.records, SizeIs(1)) << tracee.error;
  EXPECT_EQ(text_at(tracee.records[0], "/eventName"), "dropped_executable");
  const CommandResult text = run({"--format", "text", container->id});
  EXPECT_EQ(text.status.value, 3);
  EXPECT_THAT(text.output, HasSubstr("/tmp/dropped"));
  EXPECT_EQ(std::ranges::count(text.output, '\n'), 1) << text.output;
  // Which is that of standard output, wherever else findings of the daemon go.
  const std::string elsewhere = "  - {type: file, path: /nonexistent/file, format: falco}\n";
  EXPECT_THAT(run({"--format", "text", container->id}, elsewhere).output, Not(StartsWith("{")));
  EXPECT_THAT(run({container->id}, elsewhere).output, HasSubstr("\"schema\""));
}

// One line, after each step of a scan, which is taken away before anything else is printed.
TEST_F(ScanVerb, ShowsOnATerminalHowFarItIs) {
  ScopedContainer container(runtime(), idle);
  container.execute(
      "cp /bin/busybox /tmp/dropped; i=0; while [ $i -lt 3000 ]; do : > /tmp/$i; i=$((i + 1)); done");
  auto arguments = command_line({"--format", "text", container->id});
  arguments.insert(arguments.begin(), dropwarden_binary());
  const auto printed = print_on_a_terminal(arguments);
  const std::string take_away = "\r\x1b[K";
  EXPECT_THAT(printed, ContainsRegex("\r\x1b\\[Kscanning " + container->name +
                                     " \\([0-9]+ of [0-9]+\\): [0-9]+ entries"));
  const auto finding = printed.find("/tmp/dropped");
  ASSERT_NE(finding, std::string::npos) << printed;
  const auto end = printed.find("dropwarden: containers=1 ");
  ASSERT_NE(end, std::string::npos) << printed;
  for (auto at = printed.find("entries"); at < end; at = printed.find("entries", at + 1))
    EXPECT_EQ(printed.compare(at, 7 + take_away.size(), "entries" + take_away), 0) << printed.substr(at);
  const CommandResult elsewhere = run({"--format", "text", container->id});
  EXPECT_THAT(elsewhere.error, Not(HasSubstr("scanning ")));
}

TEST_F(ScanVerb, RefusesAContainerThatThereIsNot) {
  const Scanned scanned = scan({"nothing-is-named-so"});
  EXPECT_EQ(scanned.status, 2);
  EXPECT_THAT(scanned.error, StartsWith("dropwarden: there is no container `nothing-is-named-so`"));
  EXPECT_THAT(scanned.records, IsEmpty());
}

}  // namespace
}  // namespace dropwarden::test

// SPDX-License-Identifier: Apache-2.0
// Files that are not yet, when they are closed, what they are when they are run: seen by other sensors than
// the close.
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "own_place.hpp"
#include "support/busy_execution.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

int run_program(const char* path, const char* argument) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(path, "busybox", argument, nullptr);
    ::_exit(errno);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Until the test has seen the daemon read all events.
void pause(Line& line) {
  line.tell();
  line.hear();
}

// A file of zeros that is mapped, and closed before anything is stored.
void* map_and_close(const char* path, std::size_t bytes) {
  auto file = sys::value_or_throw(sys::open_path(path, O_RDWR | O_CREAT, 0755));
  require(::ftruncate(file.number(), static_cast<off_t>(bytes)) == 0, "ftruncate");
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  require(memory != MAP_FAILED, "mmap");
  return memory;
}

// The same, which becomes a program once the daemon has read that close.
void store_through_a_mapping(Line& line, const std::string& program) {
  void* memory = map_and_close("/tmp/mapped", program.size());
  pause(line);
  std::memcpy(memory, program.data(), program.size());
}

// A container without a runtime: an overlay, and processes that have it as their root.
class LateContent : public OwnPlace {
 protected:
  void SetUp() override {
    OwnPlace::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(path("daemon"));
    std::filesystem::create_directory(path("overlay"));
  }

  static constexpr std::string_view script_of_the_image = "#!/bin/busybox true\n# the image's\n";

  // The sensors beside the close; the file system under the layers would see most of it, too.
  static constexpr const char* both = "upper_layer: off";
  static constexpr const char* exec_alone = "upper_layer: off, second_look: false";
  static constexpr const char* second_look_alone = "upper_layer: off, exec: false";
  static constexpr const char* neither = "upper_layer: off, exec: false, second_look: false";

  void start(const std::string& keys) {
    daemon_ = std::make_unique<Daemon>(path("daemon"), std::vector<RuntimeSocket>{},
                                       std::vector<std::string>{}, watch_without_runtimes(keys));
    overlay_ = std::make_unique<TestOverlay>(path("overlay"));
    // As a runtime unpacks an image: before the container is there.
    ASSERT_TRUE(overlay_->unmount());
    std::filesystem::create_directory(overlay_->lower() + "/bin");
    std::filesystem::copy_file("/bin/busybox", overlay_->lower() + "/bin/busybox");
    write_file(overlay_->lower() + "/bin/script", script_of_the_image);
    std::filesystem::permissions(overlay_->lower() + "/bin/script", std::filesystem::perms{0755});
    std::this_thread::sleep_for(50ms);
    overlay_->mount();
    ASSERT_TRUE(
        wait_for([&] { return daemon_->report().find(overlay_->merged()) != std::string::npos; }, 10s))
        << daemon_->report();
  }

  const std::string& busybox() {
    static const std::string content = read_file("/bin/busybox");
    return content;
  }

  // In the container.
  std::unique_ptr<Child> run(const std::function<void(Line&)>& body) const {
    const std::string merged = overlay_->merged();
    return std::make_unique<Child>([merged, body](Line& line) {
      enter_container_root(merged);
      body(line);
    });
  }

  Record found(const std::string& name) {
    auto record = daemon_->wait_for_record(
        [&](const Record& candidate) {
          return text_at(candidate, "/data/path") == name && text_at(candidate, "/status") == "final";
        },
        20s);
    EXPECT_TRUE(record) << daemon_->log();
    return record ? *record : Record{};
  }
  std::string sensor_of(const std::string& name) { return text_at(found(name), "/detected_by"); }

  // Lets a child go on that waits in `pause`, once the daemon has read so many events.
  void resume(Child& child, std::uint64_t events) {
    child.line().hear();
    const auto received = [&] {
      return boost::json::parse(daemon_->report()).at("ledger").at("received").to_number<std::uint64_t>();
    };
    EXPECT_TRUE(wait_for([&] { return received() >= events; }, 10s)) << daemon_->report();
    child.line().tell();
  }

  // How many findings there are of it, by any of its names, once the daemon has ended.
  std::size_t count_findings(const std::set<std::string>& names) {
    EXPECT_EQ(daemon_->stop().value, 0);
    EXPECT_EQ(daemon_->ledger().at("balanced"), 1U);
    std::set<std::string> ids;
    for (const Record& record : daemon_->records()) {
      if (names.contains(text_at(record, "/data/path"))) ids.insert(text_at(record, "/id"));
    }
    return ids.size();
  }

  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<TestOverlay> overlay_;
};

TEST_F(LateContent, StoredThroughAMappingIsSeenWhenItIsExecuted) {
  start(exec_alone);
  const auto child = run([content = busybox()](Line& line) {
    store_through_a_mapping(line, content);
    require(run_program("/tmp/mapped", "true") == 0, "execl");
  });
  resume(*child, 1);
  ASSERT_TRUE(child->wait());
  const auto record = found("/tmp/mapped");
  EXPECT_EQ(text_at(record, "/detected_by"), "exec");
  EXPECT_EQ(text_at(record, "/event/file/origin"), "new");
  EXPECT_EQ(text_at(record, "/event/file/sha256/status"), "done");
  EXPECT_EQ(count_findings({"/tmp/mapped"}), 1U);
}

// What it is was looked at when it was closed, and no number of it has changed since.
TEST_F(LateContent, ThatIsThereOnlyWhileAProgramOfTheImageRunsIsSeenWhenItIsExecuted) {
  start(exec_alone);
  const auto child = run([](Line& line) {
    const std::string original(script_of_the_image);
    std::string patched = original;
    patched.replace(patched.find("the"), 3, "not");
    auto file = sys::value_or_throw(sys::open_path("/bin/script", O_RDWR));
    void* memory = ::mmap(nullptr, original.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    require(memory != MAP_FAILED, "mmap");
    std::memcpy(memory, original.data(), original.size());
    file.reset();
    pause(line);
    std::memcpy(memory, patched.data(), patched.size());
    require(run_program("/bin/script", "") == 0, "execl");
    pause(line);
    std::memcpy(memory, original.data(), original.size());
    require(run_program("/bin/script", "") == 0, "execl");
  });
  resume(*child, 1);
  // Its interpreter is executed as well.
  resume(*child, 3);
  ASSERT_TRUE(child->wait());
  const auto record = found("/bin/script");
  EXPECT_EQ(text_at(record, "/detected_by"), "exec");
  EXPECT_EQ(text_at(record, "/event/file/origin"), "modified");
  EXPECT_EQ(count_findings({"/bin/script"}), 1U);
}

TEST_F(LateContent, StoredThroughAMappingIsSeenByASecondLookWhileItIsMapped) {
  start(second_look_alone);
  const auto child = run([content = busybox()](Line& line) {
    store_through_a_mapping(line, content);
    line.tell();
    line.hear();
  });
  resume(*child, 1);
  child->line().hear();
  const auto record = found("/tmp/mapped");
  EXPECT_EQ(text_at(record, "/detected_by"), "second_look");
  EXPECT_EQ(text_at(record, "/event/file/origin"), "new");
  EXPECT_EQ(text_at(record, "/event/file/sha256/status"), "done");
  EXPECT_EQ(text_at(record, "/event/process/pid"), std::to_string(child->pid()));
  child->line().tell();
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(count_findings({"/tmp/mapped"}), 1U);
}

TEST_F(LateContent, StoredThroughAMappingThatEndsIsSeenByASecondLook) {
  start(second_look_alone);
  const auto child = run([content = busybox()](Line& line) { store_through_a_mapping(line, content); });
  resume(*child, 1);
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(sensor_of("/tmp/mapped"), "second_look");
  EXPECT_EQ(count_findings({"/tmp/mapped"}), 1U);
}

// A page that is dirty when the file is closed: neither ctime nor size nor header tell of what is stored
// then.
TEST_F(LateContent, StoredThroughAMappingOfAProgramIsAnotherDropWhenItIsExecuted) {
  start(exec_alone);
  const auto child = run([content = busybox()](Line& line) {
    auto file = sys::value_or_throw(sys::open_path("/tmp/mapped", O_RDWR | O_CREAT, 0755));
    require(::write(file.number(), content.data(), content.size()) > 0, "write");
    void* memory = ::mmap(nullptr, content.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    require(memory != MAP_FAILED, "mmap");
    // The section headers, which nothing runs.
    volatile char& last = static_cast<char*>(memory)[content.size() - 1];
    last = content.back();
    file = {};
    pause(line);
    last = static_cast<char>(content.back() + 1);
    // The sensor looks again after a pause of 10 s.
    for (int i = 0; i < 25; ++i) {
      require(run_program("/tmp/mapped", "true") == 0, "execl");
      std::this_thread::sleep_for(500ms);
    }
  });
  child->line().hear();
  EXPECT_EQ(sensor_of("/tmp/mapped"), "close_write") << "read to its end";
  child->line().tell();
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(count_findings({"/tmp/mapped"}), 2U);
  std::set<std::string> hashes;
  for (const Record& record : daemon_->records()) {
    const auto hash = text_at(record, "/event/file/sha256/value");
    if (text_at(record, "/data/path") == "/tmp/mapped" && !hash.empty()) hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 2U);
}

TEST_F(LateContent, OfAHeaderThatALaterOpenWritesIsSeenAtItsClose) {
  start(both);
  const auto child = run([content = busybox()](Line& line) {
    write_file("/tmp/twice", std::string(content.size(), '\0'));
    pause(line);
    write_file("/tmp/twice", content);
  });
  resume(*child, 1);
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(sensor_of("/tmp/twice"), "close_write");
  EXPECT_EQ(count_findings({"/tmp/twice"}), 1U);
}

TEST_F(LateContent, OfAWriterThatNeverClosesIsSeenWhenItIsExecuted) {
  if (!tells_of_busy_execution())
    GTEST_SKIP() << "SKIP kernel: it tells of an execution that fails since Linux 6.5";
  start(exec_alone);
  const auto child = run([content = busybox()](Line& line) {
    const auto file = sys::value_or_throw(sys::open_path("/tmp/open", O_WRONLY | O_CREAT, 0755));
    require(::write(file.number(), content.data(), content.size()) > 0, "write");
    require(run_program("/tmp/open", "true") == ETXTBSY, "no ETXTBSY");
    line.tell();
    line.hear();
  });
  child->line().hear();
  EXPECT_EQ(sensor_of("/tmp/open"), "exec");
  child->line().tell();
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(count_findings({"/tmp/open"}), 1U) << "its close is the same drop";
}

TEST_F(LateContent, ThatBecomesExecutableLaterIsSeenWhenItIsExecuted) {
  start(exec_alone);
  const auto child = run([](Line& line) {
    write_file("/tmp/text", "exit 0\n");
    pause(line);
    require(::chmod("/tmp/text", 0755) == 0, "chmod");
    require(run_program("/tmp/text", "") == ENOEXEC, "no ENOEXEC");
  });
  resume(*child, 1);
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(sensor_of("/tmp/text"), "exec");
}

TEST_F(LateContent, WrittenPastTheContainerIsSeenWhenItIsExecuted) {
  start(exec_alone);
  std::filesystem::copy_file("/bin/busybox", overlay_->upper() + "/tmp-program");
  const auto child = run([](Line&) { require(run_program("/tmp-program", "true") == 0, "execl"); });
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(sensor_of("/tmp-program"), "exec");
}

// Nobody can tell what it was; that something was written and what is there now is not lost from the count. A
// name is not content: the event has a descriptor.
TEST_F(LateContent, ThatIsDestroyedBeforeTheEventIsReadIsCountedByWhatIsThereThen) {
  start(neither);
  daemon_->send("monitor", SIGSTOP);
  const auto child = run([content = busybox()](Line&) {
    write_file("/tmp/truncated", content);
    require(::truncate("/tmp/truncated", 0) == 0, "truncate");
    write_file("/tmp/overwritten", content);
    write_file("/tmp/overwritten", "text that nobody runs\n");
    write_file("/tmp/unlinked", content);
    require(::unlink("/tmp/unlinked") == 0, "unlink");
  });
  EXPECT_TRUE(child->wait());
  daemon_->send("monitor", SIGCONT);
  EXPECT_EQ(text_at(found("/tmp/unlinked"), "/event/file/path_state"), "deleted");
  EXPECT_EQ(count_findings({"/tmp/truncated", "/tmp/overwritten"}), 0U);
  // The two closes of one file by one process are one event while nobody reads it.
  EXPECT_GE(daemon_->ledger().at("not_executable"), 2U);
}

TEST_F(LateContent, IsNoneInADropThatIsMadeExecutableRenamedAndRun) {
  start(both);
  const auto child = run([content = busybox()](Line& line) {
    write_file("/tmp/part", content);
    pause(line);
    require(::chmod("/tmp/part", 0755) == 0, "chmod");
    require(::rename("/tmp/part", "/tmp/program") == 0, "rename");
    for (int i = 0; i < 5; ++i) require(run_program("/tmp/program", "true") == 0, "execl");
  });
  resume(*child, 1);
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(sensor_of("/tmp/part"), "close_write");
  EXPECT_EQ(count_findings({"/tmp/part", "/tmp/program"}), 1U);
  EXPECT_GE(daemon_->ledger().at("duplicate"), 4U);
}

TEST_F(LateContent, IsNoneInTheProgramsOfTheImage) {
  start(both);
  const auto child = run([](Line& line) {
    for (int i = 0; i < 10; ++i) require(run_program("/bin/busybox", "true") == 0, "execl");
    pause(line);
    // Copied up: in the writable layer, with a ctime of now, and still the image's.
    require(::chmod("/bin/busybox", 0700) == 0, "chmod");
    for (int i = 0; i < 10; ++i) require(run_program("/bin/busybox", "true") == 0, "execl");
  });
  resume(*child, 10);
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(count_findings({"/bin/busybox"}), 0U);
  const auto ledger = daemon_->ledger();
  EXPECT_EQ(ledger.at("executed"), 10U);
  EXPECT_EQ(ledger.at("unchanged"), 1U);
  EXPECT_EQ(ledger.at("duplicate"), 9U);
}

TEST_F(LateContent, IsNotSeenWhereBothAreSwitchedOff) {
  start(neither);
  const auto child = run([content = busybox()](Line& line) {
    store_through_a_mapping(line, content);
    require(run_program("/tmp/mapped", "true") == 0, "execl");
  });
  resume(*child, 1);
  ASSERT_TRUE(child->wait());
  EXPECT_EQ(count_findings({"/tmp/mapped"}), 0U);
  EXPECT_FALSE(daemon_->ledger().contains("executed"));
}

}  // namespace
}  // namespace dropwarden::test

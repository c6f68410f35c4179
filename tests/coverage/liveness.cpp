// SPDX-License-Identifier: Apache-2.0
// Calls that do not return, a sensor that has lost its marks, a loop that is stuck: each has to be said, and
// mended, and must not keep the daemon from ending.
#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dropwarden/util/text.hpp"

#include "acting.hpp"
#include "box_test.hpp"
#include "program.hpp"
#include "support/file.hpp"
#include "support/free_port.hpp"
#include "support/held_thread.hpp"
#include "support/http_page.hpp"
#include "support/record.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

class Liveness : public BoxTest {
 protected:
  static boost::json::value health(const Daemon& daemon) {
    return boost::json::parse(daemon.report()).at("health");
  }
  static std::string state(const Daemon& daemon) {
    return std::string(health(daemon).at("state").as_string());
  }
  static std::int64_t canaries(const Daemon& daemon, const char* what) {
    return health(daemon).at("canary").at(what).to_number<std::int64_t>();
  }
};

TEST_F(Liveness, OfTheSensorIsTestedByACanaryThatNobodyIsToldOf) {
  const auto daemon = start_daemon("watch:\n  canary: 1s\n");
  EXPECT_TRUE(wait_for([&] { return canaries(*daemon, "returned") >= 3; }, 20s)) << daemon->report();
  EXPECT_EQ(canaries(*daemon, "missed"), 0) << daemon->log();
  EXPECT_TRUE(daemon->records().empty());
  EXPECT_TRUE(daemon->stop().is_success());
  EXPECT_GE(daemon->ledger()["own_activity"], 3U) << daemon->log();
  EXPECT_EQ(daemon->ledger()["balanced"], 1U);
}

// The group of sensor A, taken from the daemon: a kernel that loses its marks would look the same.
void take_marks_away(const Daemon& daemon) {
  const pid_t monitor = daemon.part("monitor");
  const sys::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, monitor, 0)));
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(monitor) + "/fd")) {
    std::error_code ignored;
    if (std::filesystem::read_symlink(entry.path(), ignored) != "anon_inode:[fanotify]") continue;
    const auto number = util::parse_number<int>(entry.path().filename().string()).value();
    const sys::Fd group(static_cast<int>(::syscall(SYS_pidfd_getfd, process.number(), number, 0)));
    require(static_cast<bool>(group), "pidfd_getfd");
    for (const unsigned kind : {unsigned{FAN_MARK_FILESYSTEM}, unsigned{FAN_MARK_MOUNT}})
      ::fanotify_mark(group.number(), FAN_MARK_FLUSH | kind, 0, AT_FDCWD, "/");
  }
}

TEST_F(Liveness, OfASensorThatHasLostItsMarksIsMissedAndRepaired) {
  const auto box = make_box("box");
  box->start();
  const auto daemon = start_daemon("watch:\n  canary: 2s\n");
  ASSERT_TRUE(is_watched(*daemon, *box)) << daemon->report();
  ASSERT_TRUE(wait_for([&] { return canaries(*daemon, "returned") >= 1; }, 20s));
  take_marks_away(*daemon);
  box->run([] { put("/c/unseen", make_program("unseen")); });
  EXPECT_TRUE(daemon->wait_for_log("unhealthy: canary", 20s)) << daemon->log();
  EXPECT_TRUE(daemon->wait_for_log("canary is well again", 20s)) << daemon->log();
  // What it did not see is looked for, and it sees again.
  EXPECT_TRUE(daemon->wait_for_record([](const Record& r) { return path_of(r) == "/c/unseen"; }, 30s))
      << daemon->log();
  box->run([] { put("/c/seen", make_program("seen")); });
  const auto seen = daemon->wait_for_record([](const Record& r) { return path_of(r) == "/c/seen"; }, 20s);
  ASSERT_TRUE(seen) << daemon->log();
  EXPECT_EQ(text_at(*seen, "/detected_by"), "close_write");
  EXPECT_TRUE(daemon->stop().is_success());
  EXPECT_GE(daemon->ledger()["lost_stalled"], 1U);
  EXPECT_EQ(daemon->ledger()["balanced"], 1U);
}

// A daemon with other descriptors and variables than Daemon gives it.
class Service {
 public:
  Service(const std::string& directory, const std::string& more, int error,
          const std::vector<std::string>& environment) {
    std::filesystem::create_directories(directory);
    const auto file = directory + "/dropwarden.yaml";
    write_file(file, make_configuration(directory, {}) + more);
    let_through(directory);
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{dropwarden_binary(), "run", "--config", file},
        ChildOptions{.output = -1, .error = error, .environment = environment});
  }
  ChildProcess& process() { return *process_; }
  pid_t monitor() const { return part_of(process_->pid(), "monitor"); }
  // Another one than `before`, which has gone.
  bool has_another_monitor(pid_t before) const {
    return wait_for([&] { return monitor() != 0 && monitor() != before; }, 30s);
  }

 private:
  std::unique_ptr<ChildProcess> process_;
};

// The loop's thread is the first of its process.
TEST_F(Liveness, OfALoopThatIsStuckCostsTheMonitorAloneAndNoFinding) {
  const auto box = make_box("box");
  box->start();
  const auto daemon = start_daemon("watch:\n  stall_after: 2s\n");
  ASSERT_TRUE(is_watched(*daemon, *box)) << daemon->report();
  const pid_t before = daemon->part("monitor");
  {
    HeldThread loop(before);
    box->run([] { put("/c/meanwhile", make_program("meanwhile")); });
    ASSERT_TRUE(loop.sees_end(30s)) << daemon->log();
  }
  ASSERT_TRUE(
      daemon->wait_for_log("the monitor has ended (its event loop was stuck): another one is started", 20s))
      << daemon->log();
  EXPECT_NE(daemon->log().find("the event loop is stuck: no event is handled any more (state t"),
            std::string::npos)
      << daemon->log();
  EXPECT_TRUE(
      wait_for([&] { return daemon->part("monitor") != 0 && daemon->part("monitor") != before; }, 20s));
  EXPECT_TRUE(daemon->wait_for_record([](const Record& r) { return path_of(r) == "/c/meanwhile"; }, 30s))
      << daemon->log();
  ASSERT_TRUE(is_watched(*daemon, *box)) << daemon->report();
  box->run([] { put("/c/after", make_program("after")); });
  EXPECT_TRUE(daemon->wait_for_record([](const Record& r) { return path_of(r) == "/c/after"; }, 30s))
      << daemon->log();
  const auto status = run_dropwarden({"status", "--json", "--config", daemon->configuration_file()});
  EXPECT_EQ(boost::json::parse(status.output).at("channel").at("monitor_restarts").to_number<int>(), 1);
  EXPECT_TRUE(daemon->is_running());
  EXPECT_TRUE(daemon->stop().is_success());
}

// Also where a part dies meanwhile: neither the supervisor nor the next monitor waits for a reader.
TEST_F(Liveness, OfALoopDoesNotDependOnAReaderOfTheLog) {
  const Pipe log;
  ::fcntl(log.reader.number(), F_SETFL, O_NONBLOCK);
  const std::string directory = host_path("unread");
  Service service(directory, "watch:\n  stall_after: 2s\n", log.writer.number(), {});
  std::string text;
  const auto read_all = [&] {
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(log.reader.number(), buffer.data(), buffer.size())) > 0;)
      text.append(buffer.data(), static_cast<std::size_t>(got));
  };
  const auto is_said = [&](std::string_view what) {
    return wait_for(
        [&] {
          read_all();
          return text.find(what) != std::string::npos;
        },
        20s);
  };
  ASSERT_TRUE(is_said("ready containers=")) << text;
  const pid_t before = service.monitor();
  // Through a descriptor of its own: O_NONBLOCK is the open file's.
  const sys::Fd filler(
      ::open(("/proc/self/fd/" + std::to_string(log.writer.number())).c_str(), O_WRONLY | O_NONBLOCK));
  const std::string block(4096, '\n');
  while (::write(filler.number(), block.data(), block.size()) > 0) {
  }
  // What the daemon says meanwhile leaves a page with room for more lines (pipe(7)).
  while (::write(filler.number(), block.data(), 1) > 0) {
  }
  const auto answers = [&] {
    const auto status = run_dropwarden({"status", "--config", directory + "/dropwarden.yaml"});
    return status.status.text() == "status 0";
  };
  // Each has the loop write to the log; more than a watchdog's patience with one.
  for (int i = 0; i < 5; ++i) {
    service.process().send(SIGHUP);
    ASSERT_TRUE(wait_for(answers, 20s));
  }
  EXPECT_EQ(service.monitor(), before) << "it was taken for stuck";
  ::kill(before, SIGKILL);
  ASSERT_TRUE(service.has_another_monitor(before));
  EXPECT_TRUE(wait_for(answers, 20s)) << "the new monitor waits for a reader";
  // Once somebody reads, it is said what was lost, and what scripts wait for comes late.
  text.clear();
  EXPECT_TRUE(is_said("ready containers=")) << text;
  service.process().send(SIGHUP);
  EXPECT_TRUE(is_said("entries of the log were lost: nobody read standard error")) << text;
  EXPECT_TRUE(service.process().terminate(10s).is_success());
}

// systemd's end of NOTIFY_SOCKET.
class NotifySocket {
 public:
  explicit NotifySocket(std::string path) : path_(std::move(path)) {
    struct sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    require(::bind(socket_.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0,
            "bind");
    // As systemd's is.
    let_through(std::filesystem::path(path_).parent_path());
    require(::chmod(path_.c_str(), 0777) == 0, "chmod");
  }
  // All that has come, a line for each assignment.
  const std::string& all() {
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::recv(socket_.number(), buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0;)
      text_ += std::string(buffer.data(), static_cast<std::size_t>(got)) + "\n";
    return text_;
  }
  std::size_t count(const std::string& what) {
    std::size_t count = 0;
    for (const auto line : util::split(all(), '\n')) count += line == what;
    return count;
  }
  bool wait(const std::string& what, std::size_t times = 1) {
    return wait_for([&] { return count(what) >= times; }, 20s);
  }

 private:
  std::string path_;
  sys::Fd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::string text_;
};

TEST_F(Liveness, IsToldToSystemdFromReadyToTheEnd) {
  NotifySocket systemd(host_path("notify"));
  Service service(host_path("service"), "", -1,
                  {"NOTIFY_SOCKET=" + host_path("notify"), "WATCHDOG_USEC=400000"});
  if (!systemd.wait("READY=1")) {
    ASSERT_TRUE(service.process().is_running());
    GTEST_SKIP() << "it was built without libsystemd";
  }
  EXPECT_TRUE(systemd.wait("WATCHDOG=1", 3)) << systemd.all();
  service.process().send(SIGHUP);
  EXPECT_TRUE(systemd.wait("RELOADING=1")) << systemd.all();
  EXPECT_TRUE(systemd.wait("READY=1", 2)) << systemd.all();
  EXPECT_TRUE(service.process().terminate(10s).is_success());
  EXPECT_EQ(systemd.count("STOPPING=1"), 1U) << systemd.all();
}

TEST_F(Liveness, IsNotToldToSystemdWhileTheLoopDoesNotTurn) {
  NotifySocket systemd(host_path("notify"));
  Service service(host_path("service"), "watch:\n  canary: 30s\n", -1,
                  {"NOTIFY_SOCKET=" + host_path("notify"), "WATCHDOG_USEC=400000"});
  if (!systemd.wait("READY=1")) GTEST_SKIP() << "it was built without libsystemd";
  ASSERT_TRUE(systemd.wait("WATCHDOG=1", 2)) << systemd.all();
  // Nobody turns while it is stopped, and nothing is sent.
  ::kill(-service.process().pid(), SIGSTOP);
  std::this_thread::sleep_for(300ms);
  const auto before = systemd.count("WATCHDOG=1");
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(systemd.count("WATCHDOG=1"), before);
  ::kill(-service.process().pid(), SIGCONT);
  EXPECT_TRUE(systemd.wait("WATCHDOG=1", before + 2)) << systemd.all();
  EXPECT_TRUE(service.process().terminate(10s).is_success());
}

// Told to systemd five times a second, and to probes at a port.
class Told : public Liveness {
 protected:
  // Skips the test where systemd is told nothing.
  void start(const std::string& watch) {
    service_.emplace(
        host_path("service"),
        "watch:\n" + watch + "metrics:\n  listen: 127.0.0.1:" + std::to_string(port_) + "\n", -1,
        std::vector<std::string>{"NOTIFY_SOCKET=" + host_path("notify"), "WATCHDOG_USEC=400000"});
    ASSERT_TRUE(wait_for([&] { return page().starts_with("HTTP/1.1 200"); }, 20s)) << page();
    if (!systemd_->wait("READY=1")) GTEST_SKIP() << "it was built without libsystemd";
    ASSERT_TRUE(systemd_->wait("WATCHDOG=1", 2)) << systemd_->all();
  }
  void SetUp() override {
    Liveness::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) systemd_.emplace(host_path("notify"));
  }
  void TearDown() override {
    service_.reset();
    Liveness::TearDown();
  }
  std::string page() const { return get_page(port_, "/healthz", 2s); }
  std::size_t times_alive() { return systemd_->count("WATCHDOG=1"); }
  // Whether life is told once more in ten times the time that it takes to be.
  bool is_told_again() {
    return wait_for([&, before = times_alive()] { return times_alive() > before; }, 2s);
  }

  const std::uint16_t port_ = free_port();
  std::optional<NotifySocket> systemd_;
  std::optional<Service> service_;
};

TEST_F(Told, IsNoLifeAndNoHealthOfALoopThatIsStuck) {
  start("  stall_after: 10m\n");
  if (IsSkipped() || HasFatalFailure()) return;
  {
    const HeldThread loop(service_->monitor());
    EXPECT_FALSE(is_told_again()) << systemd_->all();
    EXPECT_EQ(page(), "") << "somebody else answers";
  }
  EXPECT_TRUE(is_told_again()) << systemd_->all();
  EXPECT_TRUE(page().starts_with("HTTP/1.1 200")) << page();
  EXPECT_TRUE(service_->process().terminate(10s).is_success());
}

}  // namespace
}  // namespace dropwarden::test

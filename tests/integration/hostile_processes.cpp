// SPDX-License-Identifier: Apache-2.0
// Processes that come and go faster than they can be looked at, that have the number of another, and that
// give their cgroups the names of other containers; mounts without end; whoever has the control socket, or
// reaches the metrics listener; and what the monitor itself writes where it watches.
#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <set>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/unix_socket.hpp"

#include "coverage/acting.hpp"
#include "coverage/program.hpp"
#include "hostile_test.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/container_report.hpp"
#include "support/container_root.hpp"
#include "support/file.hpp"
#include "support/free_port.hpp"
#include "support/process_holdings.hpp"
#include "support/sanitizer.hpp"
#include "support/user_namespace.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class HostileProcesses : public HostileTest {};

TEST_F(HostileProcesses, OfAMomentEachHideNoDrop) {
  constexpr int writers = 3000;
  start();
  box_->run([] {
    for (int i = 0; i < writers; ++i) {
      const pid_t child = ::fork();
      require(child >= 0, "fork");
      if (child == 0) {
        drop(fmt::format("/c/{}", i));
        ::_exit(0);
      }
      if (i % 50 == 49) {
        while (::waitpid(-1, nullptr, 0) > 0) continue;
      }
    }
  });
  const auto found = [&] { return daemon_->finding_ids(box_->id()).size(); };
  EXPECT_TRUE(wait_for([&] { return found() >= writers; }, 60s)) << found();
  EXPECT_EQ(found(), std::size_t{writers});
  for (const auto& record : daemon_->records()) EXPECT_EQ(container_of(record), box_->id());
}

// clone3(2): the new process has this number in the number space of the host.
pid_t fork_as(pid_t number) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uintptr_t>(&number);
  arguments.set_tid_size = 1;
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

TEST_F(HostileProcesses, WithTheNumberOfAWriterThatHasEndedChangeNothingOfWhoseAFileIs) {
  start();
  const auto report = [&](const char* path) {
    const auto record = record_of(path, 20s);
    return record ? text_at(*record, "/event/process/container") : "none";
  };
  box_->run([] { drop("/c/first"); });
  const auto own = report("/c/first");
  daemon_->send("monitor", SIGSTOP);
  // Without a number space of its own, so that its number here is known.
  Child writer([&](Line&) {
    box_->join_cgroup();
    put(box_->merged() + "/c/reused", make_program("reused"));
  });
  const pid_t number = writer.pid();
  ASSERT_TRUE(writer.wait());
  const pid_t next = fork_as(number);
  if (next == 0) {
    while (true) ::pause();
  }
  if (next < 0) {
    daemon_->send("monitor", SIGCONT);
    GTEST_SKIP() << "SKIP kernel: the number cannot be asked for, or is taken";
  }
  daemon_->send("monitor", SIGCONT);
  const auto record = record_of("/c/reused", 20s);
  ::kill(next, SIGKILL);
  ::waitpid(next, nullptr, 0);
  ASSERT_TRUE(record);
  EXPECT_EQ(text_at(*record, "/event/process/pid"), std::to_string(number));
  EXPECT_NE(text_at(*record, "/event/process/container"), own) << "that is a process of the host's";
}

// Nobody tells of that moment: no runtime, and no mount of the host.
TEST_F(HostileProcesses, ThatEnterTheirRootLongAfterTheyBeganAreOfTheContainerThatHasIt) {
  start_monitor();
  const auto gate = host_path("gate");
  box_->set_gate(gate);
  bool is_known = false;
  std::jthread opener([&] {
    is_known = wait_for([&] { return daemon_->report().find(box_->id()) != std::string::npos; }, 20s);
    // Longer than a container that has just begun is followed closely.
    ::usleep(3'000'000);
    write_file(gate, "");
  });
  box_->start();
  opener.join();
  EXPECT_TRUE(is_known) << daemon_->report();
  EXPECT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  box_->run([] { drop("/c/x"); });
  EXPECT_EQ(sensor_of("/c/x"), "close_write");
}

// As in the middle of pivot_root(2), on a machine that is very busy: longer than the monitor waits by itself.
TEST_F(HostileProcesses, ThatAreBetweenTwoRootsForLongAreWatchedOnceTheyHaveOne) {
  start_monitor();
  const auto gate = host_path("gate");
  box_->set_gate(gate, Box::Gate::between_roots);
  std::jthread opener([&] {
    ::usleep(3'000'000);
    write_file(gate, "");
  });
  box_->start();
  opener.join();
  EXPECT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  // They are marked late, and so scanned: that may come upon a file before its close is read.
  const auto is_synced = [&] { return !boost::json::serialize(ask()).contains("\"synced\":false"); };
  EXPECT_TRUE(wait_for(is_synced, 20s)) << daemon_->report();
  for (const Place& place : places) {
    const auto path = std::string(place.path) + "/x";
    box_->run([&] { drop(path); });
    EXPECT_EQ(sensor_of(path), "close_write") << place.name;
  }
  EXPECT_THAT(daemon_->log(), testing::Not(HasSubstr("cannot watch a volume")));
}

TEST_F(HostileProcesses, InCgroupsNamedAfterAnotherContainerAreTheirOwn) {
  const auto other = make_box("other");
  other->start();
  start();
  ASSERT_TRUE(is_watched(*daemon_, *other)) << daemon_->report();
  // As a process with a writable cgroup file system does it.
  Child writer([&](Line&) {
    box_->join_cgroup();
    for (const char* hierarchy : {"", "/unified", "/pids", "/memory", "/freezer"}) {
      const auto own = fmt::format("/sys/fs/cgroup{}{}/docker-{}.scope", hierarchy, box_cgroup(), box_->id());
      if (!fs::exists(own)) continue;
      for (const auto& name : {"docker-" + other->id() + ".scope", other->id()}) {
        const auto inner = fmt::format("{}/{}", own, name);
        fs::create_directory(inner);
        std::ofstream(fmt::format("{}/cgroup.procs", inner)) << 0 << std::flush;
      }
    }
    put(box_->merged() + "/c/imitated", make_program("imitated"));
    put(box_->merged() + "/c/imitated", make_program("imitated again"));
    ::usleep(500'000);
  });
  const auto record = record_of("/c/imitated", 20s);
  ASSERT_TRUE(record) << daemon_->log().substr(0, 10'000);
  EXPECT_EQ(text_at(*record, "/event/process/container"), "same");
  EXPECT_TRUE(daemon_->finding_ids(other->id()).empty());
  ASSERT_TRUE(writer.wait());
  for (const char* hierarchy : {"", "/unified", "/pids", "/memory", "/freezer"}) {
    const auto own = fmt::format("/sys/fs/cgroup{}{}/docker-{}.scope/", hierarchy, box_cgroup(), box_->id());
    for (const auto& name : {"docker-" + other->id() + ".scope", other->id()}) ::rmdir((own + name).c_str());
  }
}

// As systemd gives it to each user of the host, who may make more below.
class UsersCgroup {
 public:
  explicit UsersCgroup(const std::string& name) {
    for (const char* hierarchy : {"", "/unified", "/pids", "/memory", "/freezer"}) {
      const auto root = fmt::format("/sys/fs/cgroup{}", hierarchy);
      if (!fs::exists(root + "/cgroup.procs")) continue;
      directories_.push_back(fmt::format("{}{}/user@4711.service/{}", root, slice, name));
      fs::create_directories(directories_.back());
    }
  }
  UsersCgroup(const UsersCgroup&) = delete;
  UsersCgroup& operator=(const UsersCgroup&) = delete;
  ~UsersCgroup() {
    remove_cgroups(slice);
    // Not where there are users.
    for (fs::path directory : directories_) {
      while (directory.filename() != "user.slice") directory = directory.parent_path();
      ::rmdir(directory.c_str());
    }
  }
  // By the calling process.
  void join() const {
    for (const std::string& directory : directories_)
      std::ofstream(directory + "/cgroup.procs") << 0 << std::flush;
  }

 private:
  static constexpr const char* slice = "/user.slice/user-4711.slice";
  std::vector<std::string> directories_;
};

TEST_F(HostileProcesses, InCgroupsThatAUserOfTheHostNamedAfterAContainerAreTheHosts) {
  start();
  const UsersCgroup cgroup("docker-" + box_->id() + ".scope");
  const auto root = host_path("users-root");
  fs::create_directory(root);
  Child user([&](Line& line) {
    cgroup.join();
    put(box_->merged() + "/c/users", make_program("users"));
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    require(::mount("users", root.c_str(), "tmpfs", 0, "size=1m") == 0, "mount");
    stay_in_container_root(root, line);
    drop("/hidden");
    line.tell();
    line.hear();
  });
  user.line().hear();
  const auto record = record_of("/c/users", 20s);
  ASSERT_TRUE(record) << daemon_->log().substr(0, 10'000);
  EXPECT_EQ(text_at(*record, "/event/process/container"), "host");
  // One of the container's own that comes later has been found by the time that its mounts are reported.
  Child own([&](Line& line) {
    box_->join_cgroup();
    join_mount_namespace(box_->first_process());
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    line.tell();
    line.hear();
  });
  own.line().hear();
  const auto is_reported = [&](const Child& child) {
    return daemon_->report().find(fmt::format("\"pid\":{},", child.pid())) != std::string::npos;
  };
  EXPECT_TRUE(wait_for([&] { return is_reported(own); }, 20s)) << daemon_->report();
  EXPECT_FALSE(is_reported(user)) << daemon_->report();
  user.line().tell();
  user.line().hear();
  box_->run([] { drop("/c/later"); });
  EXPECT_TRUE(record_of("/c/later", 20s));
  EXPECT_FALSE(record_of("/hidden", 0s));
  user.line().tell();
  own.line().tell();
  EXPECT_TRUE(user.wait());
  EXPECT_TRUE(own.wait());
}

class HostileMounts : public HostileTest {};

TEST_F(HostileMounts, WithoutEndAreWatchedUpToALimitThatIsSaid) {
  more_memory_ = std::uint64_t{64} << 20U;
  start("scan:\n  interval: 1s\n");
  box_->run([] {
    // One beside the other at first, each of which could be marked, and then one over the other.
    constexpr int beside = 500;
    for (int i = 0; i < beside + 100; ++i)
      require(::mkdir(fmt::format("/c/{}", i).c_str(), 0755) == 0, "mkdir");
    for (int i = 0; i < 10'000; ++i) {
      const auto point = fmt::format("/c/{}", i < beside ? i : beside + i % 100);
      if (i % 20 == 0) {
        require(::mount("many", point.c_str(), "tmpfs", 0, "size=1m") == 0, "mount");
      } else {
        require(::mount("/named", point.c_str(), nullptr, MS_BIND, nullptr) == 0, "mount");
      }
    }
  });
  EXPECT_TRUE(wait_for(
      [&] { return daemon_->report().find("its mounts are too many to read") != std::string::npos; }, 30s))
      << daemon_->report().substr(0, 5000);
  EXPECT_THAT(daemon_->report(), HasSubstr("more mounts than are marked for one container"));
  EXPECT_THAT(daemon_->report(), HasSubstr("more mounts, which are neither marked nor listed"));
  expect_well();
  // Marks in the kernel: a container may have 256.
  EXPECT_LT(count_marks(daemon_->part("monitor")), 300U);
  // Nothing changes any more: the tables are read for their own sake and by sweeps, and that has a bound.
  const auto start = read_usage(*daemon_).processor;
  std::this_thread::sleep_for(5s);
  EXPECT_LT((read_usage(*daemon_).processor - start).count(), 2500 * sanitizer_factor);
}

// Each execution shows the namespace once more. Its table is as long as one is read, and to read it each time
// would keep the loop for longer than the watchdog waits.
TEST_F(HostileMounts, InANamespaceOfTheirOwnAreNotReadForEachExecutionThere) {
  start();
  box_->run([] {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    for (int i = 0; i < 100; ++i) require(::mkdir(fmt::format("/c/{}", i).c_str(), 0755) == 0, "mkdir");
    for (int i = 0; i < 6000; ++i)
      require(::mount("/named", fmt::format("/c/{}", i % 100).c_str(), nullptr, MS_BIND, nullptr) == 0,
              "mount");
    const pid_t first = ::fork();
    if (first == 0) {
      ::execl("/bin/sleep", "sleep", "1000", nullptr);
      ::_exit(127);
    }
    put("/c/first", std::to_string(first), 0644);
    let_be_seen();
  });
  expect_well();
  const auto before = read_usage(*daemon_).processor;
  for (int turn = 0; turn < 8; ++turn) {
    box_->run([] {
      join_mount_namespace(std::stoi(read_file("/c/first")));
      for (int i = 0; i < 50; ++i) execute({"/bin/true"});
    });
  }
  EXPECT_LT((read_usage(*daemon_).processor - before).count(), 2000 * sanitizer_factor);
}

// chroot(2): the table of such a process has only what lies below its root, and it comes first in each look
// at all processes.
TEST_F(HostileMounts, ThatAJailedProcessDoesNotShowAreFoundByAnother) {
  start();
  Child jailed([this](Line& line) {
    box_->join_cgroup();
    join_mount_namespace(box_->first_process());
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mkdir("/c/jail", 0755) == 0, "mkdir");
    line.tell();
    line.hear();
    require(::chroot("/c/jail") == 0 && ::chdir("/") == 0, "chroot");
    line.tell();
    line.hear();
  });
  jailed.line().hear();
  Child mounter([&](Line& line) {
    box_->join_cgroup();
    join_mount_namespace(jailed.pid());
    line.tell();
    line.hear();
    require(::mkdir("/tmp/aside", 0755) == 0, "mkdir");
    require(::mount("aside", "/tmp/aside", "tmpfs", 0, "size=1m") == 0, "mount");
    drop("/tmp/aside/x");
    line.tell();
    line.hear();
  });
  mounter.line().hear();
  jailed.line().tell();
  jailed.line().hear();
  mounter.line().tell();
  mounter.line().hear();
  EXPECT_TRUE(record_of("/tmp/aside/x", 20s)) << daemon_->report();
  mounter.line().tell();
  jailed.line().tell();
  EXPECT_TRUE(mounter.wait());
  EXPECT_TRUE(jailed.wait());
}

// Whoever makes a user namespace may show all of the host in it, by a bind mount, in a cgroup that he named
// after a container.
TEST_F(HostileMounts, OfWhatIsNotTheirsMakeNothingOfTheHostAContainers) {
  if (const auto missing = missing_user_namespace(); !missing.empty())
    GTEST_SKIP() << "SKIP kernel: " << missing;
  constexpr uid_t user = 4711;
  const std::string id(64, 'e');
  start("scan:\n  interval: 1s\n");
  const UsersCgroup cgroup("docker-" + id + ".scope");
  for (const char* name : {"of-host", "of-user", "users-root"}) fs::create_directory(path(name));
  ASSERT_EQ(::chown(path("of-user").c_str(), user, user), 0);
  for (fs::path above = path("of-user"); above != "/"; above = above.parent_path())
    fs::permissions(above, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
  const auto bind = [](const std::string& source, const std::string& target) {
    require(::mkdir(target.c_str(), 0755) == 0, "mkdir");
    require(::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0, "mount");
  };
  Child container([&](Line& line) {
    cgroup.join();
    enter_user_namespace(user);
    const auto root = path("users-root");
    mount_file_system("own", root, "tmpfs");
    bind("/", root + "/host");
    bind(path("of-user"), root + "/own");
    stay_in_container_root(root, line);
  });
  container.line().hear();
  const auto is_watched = [&] {
    const auto report = ask();
    return report.is_object() && std::ranges::any_of(mounts_of(report, id), [](const auto& mount) {
             return text_at(mount, "/path") == "/own" && text_at(mount, "/sensor") != "";
           });
  };
  EXPECT_TRUE(wait_for(is_watched, 20s)) << daemon_->report();
  // By a process of the host: a close that the mount of the user does not see, and a name.
  const auto drop_into = [&](const std::string& directory) {
    put(path(directory + "/new"), make_program(directory));
    fs::rename(path(directory + "/new"), path(directory + "/moved"));
  };
  drop_into("of-host");
  drop_into("of-user");
  const auto is_told = [&](const std::string& where) {
    return std::ranges::any_of(daemon_->records(), [&](const Record& record) {
      return container_of(record) == id && path_of(record).starts_with(where);
    });
  };
  EXPECT_TRUE(wait_for([&] { return is_told("/own/moved"); }, 20s)) << daemon_->report();
  // Two sweeps and more.
  drop_into("of-user");
  box_->run([] { drop("/c/later"); });
  EXPECT_TRUE(record_of("/c/later", 20s));
  EXPECT_FALSE(wait_for([&] { return is_told("/host"); }, 5s)) << daemon_->report();
  container.line().tell();
  EXPECT_TRUE(container.wait());
}

// What it writes there is on no file system that is watched: so much is to be known.
TEST_F(HostileMounts, ThatAreTheRootOfANamespaceOfItsOwnAreNamed) {
  start("scan:\n  interval: 1s\n");
  Child inner([this](Line& line) {
    box_->join_cgroup();
    join_mount_namespace(box_->first_process());
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    require(::mount("own", "/tmp", "tmpfs", 0, nullptr) == 0, "mount");
    for (const char* name : {"/lower", "/upper", "/work", "/merged"})
      std::filesystem::create_directory(std::string("/tmp") + name);
    require(::mount("own", "/tmp/merged", "overlay", 0,
                    "lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work") == 0,
            "mount");
    stay_in_container_root("/tmp/merged", line);
  });
  inner.line().hear();
  const auto problem = [this] {
    const auto report = ask();
    if (!report.is_object()) return std::string();
    for (const auto& mount : mounts_of(report, box_->id())) {
      if (mount.at("nested").as_bool() && text_at(mount, "/path") == "/") return text_at(mount, "/problem");
    }
    return std::string();
  };
  EXPECT_TRUE(wait_for([&] { return problem().find("mounted itself") != std::string::npos; }, 20s))
      << daemon_->report();
  expect_well();
}

class HostileClients : public HostileTest {
 protected:
  sys::Fd connect() const {
    const auto& file = daemon_->configuration_file();
    const std::string path = file.substr(0, file.rfind('/')) + "/control.sock";
    sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    struct sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    // EAGAIN: its backlog is full.
    if (::connect(socket.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) != 0)
      return {};
    return socket;
  }
  static void say(const sys::Fd& socket, std::string_view text) {
    ::send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
};

TEST_F(HostileClients, OfTheControlSocketTakeNothingFromTheMonitor) {
  start();
  const std::string huge(std::size_t{1} << 20U, 'x');
  std::vector<sys::Fd> sockets;
  for (int i = 0; i < 2000; ++i) {
    auto socket = connect();
    if (!socket) continue;
    switch (i % 5) {
      case 0:  // says nothing
        break;
      case 1:
        say(socket, "{\"request\":\"conta");
        break;
      case 2:
        say(socket, huge);
        break;
      case 3:
        say(socket, "{\"request\":\"containers\"}\n");
        ::shutdown(socket.number(), SHUT_RD);
        break;
      default:
        say(socket, std::string("\0\xff[[[[[[\n", 9));
        ::shutdown(socket.number(), SHUT_WR);
    }
    if (i % 2 == 0) sockets.push_back(std::move(socket));
  }
  // With all of them still there the monitor goes on, and once they are cut off it answers again.
  box_->run([] { drop("/c/meanwhile"); });
  EXPECT_EQ(sensor_of("/c/meanwhile"), "close_write");
  EXPECT_LT(read_usage(*daemon_).descriptors, before_.descriptors + 32);
  EXPECT_TRUE(wait_for([&] { return ask().is_object() && ask().as_object().contains("containers"); }, 30s));
  expect_bounded(*daemon_, before_, more_memory_);
}

// Connects to a port of the loopback without waiting; it may be under way, or have been refused.
sys::Fd begin_to_connect(std::uint16_t port, bool has_room = true) {
  sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  require(socket.number() >= 0, "socket");
  const int least = 1;  // the kernel makes it the least that it allows (socket(7))
  if (!has_room) ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  struct sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(socket.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address);
  return socket;
}

// What the metrics listener answers, within a second.
std::string get_of(std::uint16_t port, std::string_view path) {
  const auto socket = begin_to_connect(port);
  const auto soon = std::chrono::steady_clock::now() + 1s;
  ::fcntl(socket.number(), F_SETFL, 0);  // to wait from here on
  const auto request = fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path);
  if (!sys::send_all(socket.number(), request, soon)) return {};
  std::string answer;
  std::array<char, 4096> bytes{};
  while (true) {
    const auto got = sys::receive(socket.number(), bytes, soon);
    if (!got || *got == 0) return answer;
    answer.append(bytes.data(), *got);
  }
}

// It takes a hundred connections a second; the others wait, or are refused.
TEST_F(HostileClients, OfTheMetricsListenerTakeNothingFromTheMonitor) {
  const auto port = free_port();
  start(fmt::format("metrics:\n  listen: 127.0.0.1:{}\n", port));
  ASSERT_THAT(get_of(port, "/healthz"), HasSubstr("200 OK"));
  constexpr std::string_view begin = "GET /metrics HTTP/1.1\r\nHost: x\r\n";
  std::string fields;
  for (int i = 0; i < 1000; ++i) fields += fmt::format("X-{}: {}\r\n", i, std::string(100, 'x'));
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += fmt::format("{}\r\n", begin);
  constexpr std::size_t held = 500;
  std::deque<sys::Fd> sockets;
  std::deque<sys::Fd> endless;
  for (int i = 0; i < 2000; ++i) {
    auto socket = begin_to_connect(port, i % 5 != 4);
    switch (i % 5) {
      case 0:  // says nothing
        break;
      case 1:
        say(socket, begin.substr(0, 20));
        break;
      case 2:
        say(socket, begin);
        endless.push_back(std::move(socket));
        break;
      case 3:
        say(socket, requests);
        break;
      default:  // never reads, and has no room for the answer
        say(socket, fmt::format("{}\r\n", begin));
    }
    if (socket) sockets.push_back(std::move(socket));
    if (sockets.size() > held) sockets.pop_front();
    if (endless.size() > held / 5) endless.pop_front();
    for (const auto& one : endless) say(one, fields);
    if (i % 200 != 199) continue;
    // All the while it tells of what is dropped.
    const auto path = fmt::format("/c/meanwhile{}", i);
    box_->run([&] { drop(path); });
    EXPECT_EQ(sensor_of(path), "close_write") << path;
    EXPECT_LT(read_usage(*daemon_).descriptors, before_.descriptors + 32);
  }
  expect_bounded(*daemon_, before_, more_memory_);
  EXPECT_TRUE(wait_for([&] { return get_of(port, "/healthz").find("200 OK") != std::string::npos; }, 30s));
  EXPECT_THAT(get_of(port, "/metrics"), HasSubstr("dropwarden_"));
}

class HostileToItself : public HostileTest {};

// The database, on the root of a container that is watched: each write of its own is an event, and to keep
// what that led to is a write.
TEST_F(HostileToItself, IsNotTheMonitorThatWritesWhereItWatches) {
  box_->start();
  fs::create_directory(box_->merged() + "/c/state");
  fs::permissions(box_->merged() + "/c/state", fs::perms::owner_all);
  start_monitor("scan:\n  interval: 1s\n", box_->merged() + "/c/state/drops.db");
  ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  for (int i = 0; i < 20; ++i) expect_well();
  // It comes to rest: the rows are written, and nothing follows from that.
  const auto is_at_rest = [&] {
    const auto received = count("received");
    ::usleep(1'500'000);
    return count("received") <= received + 1;
  };
  EXPECT_TRUE(wait_for(is_at_rest, 20s)) << daemon_->report();
  for (const auto& record : daemon_->records()) EXPECT_THAT(path_of(record), HasSubstr("/well"));
}

}  // namespace
}  // namespace dropwarden::test

// SPDX-License-Identifier: Apache-2.0
// Files that take long, never end, are no files, or are others by the time that they are read.
#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sched.h>
#include <set>
#include <sstream>
#include <stop_token>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coverage/acting.hpp"
#include "coverage/program.hpp"
#include "hostile_test.hpp"
#include "support/child.hpp"
#include "support/command.hpp"
#include "support/container_root.hpp"
#include "support/file.hpp"
#include "support/sha256.hpp"
#include "support/user_namespace.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

using testing::IsSubsetOf;

class HostileFiles : public HostileTest {
 protected:
  // What `words` of all records of a file say.
  std::set<std::string> told(const std::string& path, std::string_view pointer) {
    std::set<std::string> told;
    for (const auto& record : daemon_->records()) {
      if (container_of(record) == box_->id() && path_of(record) == path)
        told.insert(text_at(record, pointer));
    }
    return told;
  }
};

// A program of that many bytes, of which nearly all are `fill`.
std::string large_program(std::size_t size, char fill) {
  std::string program = make_program(std::string(1, fill));
  program.resize(size, fill);
  return program;
}

void make_special_files(const std::string& directory) {
  require(::mkfifo((directory + "/fifo").c_str(), 0755) == 0, "mkfifo");
  require(::mknod((directory + "/zero").c_str(), S_IFCHR | 0755, makedev(1, 5)) == 0, "mknod");
  require(::mknod((directory + "/random").c_str(), S_IFCHR | 0755, makedev(1, 8)) == 0, "mknod");
  require(::mknod((directory + "/tty").c_str(), S_IFCHR | 0755, makedev(5, 0)) == 0, "mknod");
  require(::mknod((directory + "/disk").c_str(), S_IFBLK | 0755, makedev(7, 0)) == 0, "mknod");
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (directory + "/socket").copy(address.sun_path, sizeof address.sun_path - 1);
  require(::bind(socket, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0, "bind");
}

// A program and a pipe that nobody writes to take turns at one name.
void swap_for(const std::string& path, std::chrono::seconds length) {
  const auto end = std::chrono::steady_clock::now() + length;
  const auto program = large_program(std::size_t{300} << 10U, 'f');
  const std::string pipe = path + ".pipe";
  put(path, program);
  require(::mkfifo(pipe.c_str(), 0755) == 0, "mkfifo");
  const pid_t swapper = ::fork();
  require(swapper >= 0, "fork");
  if (swapper == 0) {
    while (std::chrono::steady_clock::now() < end) {
      for (int i = 0; i < 100; ++i)
        ::syscall(SYS_renameat2, AT_FDCWD, path.c_str(), AT_FDCWD, pipe.c_str(), RENAME_EXCHANGE);
    }
    ::_exit(0);
  }
  sys::Fd file;
  struct stat status{};
  while (!file || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode))
    file = open_existing(path, O_RDWR | O_NONBLOCK);
  const std::string itself = "/proc/self/fd/" + std::to_string(file.number());
  for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
    const sys::Fd again(::open(itself.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    write_at(again.number(), std::to_string(i), 1000);
  }
  ::waitpid(swapper, nullptr, 0);
}

// Without `#!`: a shell reads them once execve(2) has said ENOEXEC.
TEST_F(HostileFiles, OfTextThatDoesNotLookLikeTextAreFoundByTheirCloseOrTheirExecution) {
  start();
  box_->run([] {
    put("/c/behind-blanks", std::string(300, ' ') + "\nid\n");
    put("/c/controls", "id\n#" + std::string(100, '\1'));
    let_be_seen();
    ::execl("/c/controls", "controls", nullptr);
    require(errno == ENOEXEC, "execve");
  });
  EXPECT_EQ(sensor_of("/c/behind-blanks"), "close_write");
  EXPECT_EQ(sensor_of("/c/controls"), "exec");
}

TEST_F(HostileFiles, ThatAreNoFilesAreNeitherOpenedNorInTheWay) {
  start("scan:\n  interval: 1s\n");
  box_->run([] {
    for (const std::string place : {"/c", "/dev/shm", "/named", "/bind"}) {
      make_special_files(place);
      drop(place + "/beside");
    }
    swap_for("/c/swapped", std::chrono::seconds{2});
  });
  for (const std::string place : {"/c", "/dev/shm", "/named", "/bind"})
    EXPECT_NE(sensor_of(place + "/beside"), "none") << place;
  const auto scan = run_dropwarden({"scan", box_->id()});
  EXPECT_EQ(scan.status.text(), "status 3") << scan.error;
}

TEST_F(HostileFiles, OfATebibyteAreToldOfAndNotRead) {
  start("scan:\n  interval: 1s\n");
  box_->run([] {
    for (const std::string place : {"/c/sparse", "/dev/shm/sparse"}) {
      put(place, make_program(place));
      require(::truncate(place.c_str(), off_t{1} << 40U) == 0, "truncate");
      const auto file = open_existing(place, O_WRONLY);  // and its close
    }
  });
  for (const std::string place : {"/c/sparse", "/dev/shm/sparse"}) {
    ASSERT_TRUE(wait_for([&] { return told(place, "/event/file/size").contains("1099511627776"); }, 20s))
        << place;
    EXPECT_THAT(told(place, "/event/file/sha256/status"), Contains("too_large"));
  }
  EXPECT_LT((read_usage(*daemon_).processor - before_.processor).count(), 5000);
}

// The file is one or the other as a whole at the end of each write, and something between at all other times.
TEST_F(HostileFiles, ThatAreRewrittenWhileTheyAreHashedHaveNoHashOfOtherBytes) {
  start("scan:\n  sweep: false\n");
  constexpr std::size_t size = std::size_t{24} << 20U;
  const auto one = large_program(size, 'a');
  const auto other = large_program(size, 'b');
  box_->run([&] {
    for (int round = 0; round < 30; ++round) {
      const auto file = create("/c/changing");
      const auto& bytes = round % 2 == 0 ? one : other;
      constexpr std::size_t part = std::size_t{64} << 10U;
      for (std::size_t at = 0; at < size; at += part)
        write_at(file.number(), std::string_view(bytes).substr(at, part), static_cast<long>(at));
    }
  });
  ASSERT_TRUE(record_of("/c/changing", 20s));
  expect_well();
  ASSERT_TRUE(wait_for([&] { return told("/c/changing", "/status").contains("final"); }, 30s));
  const std::set<std::string> whole{sha256(one), sha256(other), "null", ""};
  EXPECT_THAT(told("/c/changing", "/event/file/sha256/value"), IsSubsetOf(whole));
  EXPECT_THAT(told("/c/changing", "/event/file/sha256/status"), Contains("changed"));
}

TEST_F(HostileFiles, ThatAreTruncatedWhileTheyAreHashedHaveNoHash) {
  start("scan:\n  sweep: false\n");
  const auto program = large_program(std::size_t{24} << 20U, 'a');
  box_->run([&] {
    for (int i = 0; i < 5; ++i) {
      const auto path = fmt::format("/c/cut{}", i);
      put(path, program);
      ::usleep(3000);
      require(::truncate(path.c_str(), 1000) == 0, "truncate");
    }
  });
  const std::set<std::string> possible{sha256(program), sha256(program.substr(0, 1000)), "null", ""};
  for (int i = 0; i < 5; ++i) {
    const auto path = fmt::format("/c/cut{}", i);
    ASSERT_TRUE(wait_for([&] { return told(path, "/status").contains("final"); }, 30s)) << path;
    EXPECT_THAT(told(path, "/event/file/sha256/value"), IsSubsetOf(possible)) << path;
  }
}

// Hashing, comparing and scanning take as many processors as they have threads, one each.
TEST_F(HostileFiles, OfManyMegabytesAtOnceTakeNoFurtherThread) {
  start("scan:\n  interval: 1s\n");
  // Whatever is started with the first file that it is needed for.
  box_->run([] { put("/c/first", large_program(std::size_t{4} << 20U, 'a')); });
  ASSERT_TRUE(wait_for([&] { return told("/c/first", "/status").contains("final"); }, 20s));
  const std::size_t before = read_usage(*daemon_).threads;
  std::size_t most = before;
  {
    const std::jthread look([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) most = std::max(most, read_usage(*daemon_).threads);
    });
    box_->run([] {
      for (int i = 0; i < 100; ++i)
        put(fmt::format("/c/large{}", i), large_program(std::size_t{4} << 20U, static_cast<char>('0' + i)));
    });
    EXPECT_TRUE(wait_for([&] { return told("/c/large99", "/status").contains("final"); }, 60s));
  }
  // A name is looked up, or a runtime connected to, by one that ends with it.
  EXPECT_LE(most, before + 2);
}

TEST_F(HostileFiles, OfAHundredThousandNamesAreOneFinding) {
  start("scan:\n  interval: 1s\n");
  box_->run([] {
    drop("/c/linked");
    for (int directory = 0; directory < 100; ++directory) {
      require(::mkdir(fmt::format("/c/{}", directory).c_str(), 0755) == 0, "mkdir");
      for (int name = 0; name < 1000; ++name)
        require(::link("/c/linked", fmt::format("/c/{}/{}", directory, name).c_str()) == 0, "link");
    }
  });
  ASSERT_TRUE(record_of("/c/linked", 20s));
  expect_well();
  // While there are more names yet to come, with nothing known from before.
  const auto scan = run_dropwarden({"scan", "--format", "native", box_->id()});
  EXPECT_EQ(scan.status.text(), "status 3") << scan.error;
  std::set<std::string> ids;
  std::size_t records = 0;
  for (const auto& record : daemon_->records()) {
    if (container_of(record) != box_->id() || path_of(record).starts_with("/c/well")) continue;
    ids.insert(text_at(record, "/id"));
    ++records;
  }
  // Each link changes its ctime, so that hardly a reading is sure of what it hashed: it is known by what it
  // read.
  EXPECT_EQ(ids.size(), 1U) << testing::PrintToString(ids);
  EXPECT_LT(records, 1000U) << "it says where the file is now only so often";
}

// Whatever is opened on the host by a path of the container's: to hash it, to look at it again, to compare it
// with the image, by the walk.
class HostileLinks : public HostileFiles {
 protected:
  // Tells whether a file in a directory of the host was opened or read. O_PATH opens nothing.
  class Secret {
   public:
    Secret(const std::string& directory, std::string_view bytes)
        : watch_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
      require(::mkdir(directory.c_str(), 0755) == 0, "mkdir");
      require(::mkdir((directory + "/sub").c_str(), 0755) == 0, "mkdir");
      for (const char* name : {"/x", "/zeros", "/small", "/sub/x"}) write_file(directory + name, bytes);
      for (const auto& watched : {directory, directory + "/sub"}) {
        require(::inotify_add_watch(watch_.number(), watched.c_str(), IN_OPEN | IN_ACCESS) >= 0,
                "inotify_add_watch");
      }
    }
    // Directories count: the walk would list them.
    bool was_touched() const {
      std::array<char, 4096> events;
      return ::read(watch_.number(), events.data(), events.size()) > 0;
    }

   private:
    sys::Fd watch_;
  };

  static void exchange_for(const std::string& target, const std::string& directory,
                           std::chrono::seconds length) {
    const std::string link = directory + ".link";
    require(::symlink(target.c_str(), link.c_str()) == 0, "symlink");
    const auto end = std::chrono::steady_clock::now() + length;
    while (std::chrono::steady_clock::now() < end) {
      for (int i = 0; i < 100; ++i)
        ::syscall(SYS_renameat2, AT_FDCWD, directory.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
    }
  }

  // In a directory of the container's; `host` is the one of the host's that `target` leads to.
  void run_race(const std::string& place, const std::string& target, const std::string& host) {
    auto secret_bytes = large_program(std::size_t{300} << 10U, 's');
    secret_bytes.replace(secret_bytes.size() - 6, 6, "secret");
    const Secret secret(host, secret_bytes);
    const auto captures = host_path("captures");
    start(fmt::format("scan:\n  interval: 1s\ncapture:\n  directory: {}\n", captures));
    box_->run([&] {
      const auto raced = place + "/d";
      require(::mkdir(raced.c_str(), 0755) == 0 && ::mkdir((raced + "/sub").c_str(), 0755) == 0, "mkdir");
      stay([&] {
        if (::fork() == 0) {
          exchange_for(target, raced, std::chrono::seconds{6});
          ::_exit(0);
        }
      });
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
      for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
        const sys::Fd directory(::open(raced.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!directory) continue;
        for (const char* name : {"x", "sub/x", "small", "zeros"}) {
          const sys::Fd file(
              ::openat(directory.number(), name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
          if (!file) continue;
          const std::string_view all = name;
          const std::string bytes = all == "zeros" ? std::string(secret_bytes.size(), '\0')
                                    : all == "small"
                                        ? make_program(std::to_string(i))
                                        : large_program(secret_bytes.size(), static_cast<char>(i));
          write_all(file.number(), bytes);
        }
      }
    });
    for (int i = 0; i < 3; ++i) run_dropwarden({"scan", box_->id()});
    expect_well();
    EXPECT_FALSE(secret.was_touched());
    const auto hash = sha256(secret_bytes);
    for (const auto& record : daemon_->records())
      EXPECT_NE(text_at(record, "/event/file/sha256/value"), hash);
    EXPECT_FALSE(std::filesystem::exists(captures + "/" + hash));
    EXPECT_FALSE(std::filesystem::is_empty(captures));
    EXPECT_GT(count("received"), 100U);
  }
};

// What is mounted there is opened by other ways than the root is, and a volume lies in a directory of the
// host's.
class HostileLinksAt : public HostileLinks, public testing::WithParamInterface<Place> {};

TEST_P(HostileLinksAt, ThatTakeThePlaceOfADirectoryLeadNobodyToTheHost) {
  run_race(GetParam().path, host_path("secret"), host_path("secret"));
}

TEST_P(HostileLinksAt, OfTheKernelLeadNobodyToTheHost) {
  run_race(GetParam().path, "/proc/self/root" + host_path("secret"), host_path("secret"));
}

INSTANTIATE_TEST_SUITE_P(Places, HostileLinksAt,
                         testing::Values(Place{"rootfs", "/c"}, Place{"bind", "/bind"},
                                         Place{"shm", "/dev/shm"}),
                         [](const auto& place) { return std::string(place.param.name); });

TEST_F(HostileLinks, ThatClimbLeadNobodyToTheHost) {
  run_race("/c", "../../../../../../../../../../../../../../../.." + host_path("secret"),
           host_path("secret"));
}

// No mount is crossed on the way there: it lies beside the container's directory, of which `upper` is one.
TEST_F(HostileLinks, ThatClimbLeadNobodyToWhatTheHostKeepsBesideTheLayers) {
  run_race("/c", "../../../secret", path("secret"));
}

TEST_F(HostileLinks, ThatClimbLeadNobodyToWhatTheHostKeepsBesideAVolume) {
  run_race("/bind", "../secret", host_path("secret"));
}

// An overlay that a first process has mounted itself: what the path of its upper directory leads to, once it
// was marked, is whatever the container has put there since.
class HostileUpper : public HostileFiles {
 protected:
  void SetUp() override {
    HostileFiles::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (const char* name : {"own/upper", "own/work", "lower", "merged", "anothers/upper"})
      std::filesystem::create_directories(path(name));
    std::filesystem::create_directory_symlink("own", path("link"));
    owner_ = std::make_unique<Box>(
        BoxPlace{.directory = path("owner"), .elsewhere = host_path("owner-bind"), .cgroup = box_cgroup()});
    owner_->start();
    owner_->end_processes();
    first_ = std::make_unique<Child>([this](Line& line) {
      owner_->join_cgroup();
      require(::unshare(CLONE_NEWNS) == 0, "unshare");
      require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
      mount_file_system("own", path("merged"), "overlay",
                        fmt::format("lowerdir={0}/lower,upperdir={0}/link/upper,workdir={0}/own/work",
                                    std::filesystem::path(path("x")).parent_path().string()));
      enter_container_root(path("merged"));
      for (int i = 0;; ++i) {
        line.tell();
        line.hear();
        drop("/own" + std::to_string(i));
      }
    });
    first_->line().hear();
    start("scan:\n  interval: 1s\n");
    ASSERT_TRUE(wait_for([this] { return is_told(drop_own(), 1s); }, 20s)) << daemon_->report();
  }
  void TearDown() override {
    first_.reset();
    HostileFiles::TearDown();
    owner_.reset();
  }

  // By the container, into its root.
  std::string drop_own() {
    first_->line().tell();
    first_->line().hear();
    return "/own" + std::to_string(drops_++);
  }
  bool is_told(const std::string& name, std::chrono::milliseconds limit) {
    return daemon_
        ->wait_for_record(
            [&](const Record& record) {
              return container_of(record) == owner_->id() && path_of(record) == name;
            },
            limit)
        .has_value();
  }
  bool has_log(const std::string& text) const { return daemon_->log().find(text) != std::string::npos; }

  std::unique_ptr<Box> owner_;
  std::unique_ptr<Child> first_;

 private:
  int drops_ = 0;
};

TEST_F(HostileUpper, ThatALinkLeadsElsewhereIsNotScannedForTheContainersAndThatIsSaid) {
  put(path("anothers/upper/x"), make_program("anothers"));
  std::filesystem::create_directory_symlink("anothers", path("link.new"));
  std::filesystem::rename(path("link.new"), path("link"));
  EXPECT_TRUE(wait_for([this] { return has_log("that was proven"); }, 20s)) << daemon_->log();
  // A sweep and more.
  EXPECT_FALSE(is_told("/x", 3s));
  EXPECT_TRUE(is_told(drop_own(), 20s)) << "the overlay is marked all the same";
}

TEST_F(HostileUpper, ThatAnotherDirectoryHasTakenThePlaceOfTellsNothingOfThat) {
  std::filesystem::rename(path("own/upper"), path("own/away"));
  std::filesystem::rename(path("anothers/upper"), path("own/upper"));
  put(path("own/upper/new"), make_program("anothers"));
  std::filesystem::rename(path("own/upper/new"), path("own/upper/moved"));
  EXPECT_TRUE(wait_for([this] { return has_log("that was proven"); }, 20s)) << daemon_->log();
  EXPECT_FALSE(is_told("/moved", 3s));
}

// By a path that leads elsewhere in its own mount namespace.
TEST_F(HostileUpper, ThatAnotherNamesIsScannedByTheVerbForTheContainerAloneAndThatIsSaid) {
  Box claimer(
      BoxPlace{.directory = path("claimer"), .elsewhere = host_path("claimer-bind"), .cgroup = box_cgroup()});
  claimer.start();
  claimer.end_processes();
  Child first([&](Line& line) {
    claimer.join_cgroup();
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    mount_file_system("own", path("own"), "tmpfs");
    for (const char* name : {"own/upper", "own/work"}) std::filesystem::create_directory(path(name));
    mount_file_system("own", path("merged"), "overlay",
                      fmt::format("lowerdir={},upperdir={},workdir={}", path("lower"), path("own/upper"),
                                  path("own/work")));
    stay_in_container_root(path("merged"), line);
  });
  first.line().hear();
  const auto scanned = run_dropwarden({"scan", "--config", daemon_->configuration_file()});
  EXPECT_EQ(scanned.status.value, 1) << scanned.error;
  EXPECT_THAT(scanned.error, HasSubstr("its upper directory is not the one that this host has at that path"));
  int told = 0;
  std::istringstream lines(scanned.output);
  for (std::string line; std::getline(lines, line);) {
    const auto record = boost::json::parse(line);
    EXPECT_NE(container_of(record), claimer.id()) << line;
    told += container_of(record) == owner_->id() && path_of(record) == "/own0" ? 1 : 0;
  }
  EXPECT_EQ(told, 1) << scanned.output;
  first.line().tell();
}

}  // namespace
}  // namespace dropwarden::test

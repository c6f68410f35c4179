// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/process.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::attribute {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using model::Pid;
using model::ProcessState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::array file_names{"cgroup",   "cmdline", "exe",    "exe",  "",
                                "loginuid", "ns/mnt",  "ns/pid", "stat", "status"};

sys::Result<std::string> read_real(Pid pid, ProcFile file) {
  if (file == ProcFile::host_name) return "name of " + std::to_string(pid.value);
  if (file == ProcFile::exe_identity) return "8:1:4711";
  const auto path =
      "/proc/" + std::to_string(pid.value) + "/" + file_names.at(static_cast<std::size_t>(file));
  const bool is_link =
      file == ProcFile::exe || file == ProcFile::mount_namespace || file == ProcFile::pid_namespace;
  return is_link ? sys::read_link(path) : sys::read_file(path, 1U << 20U);
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_ino;
}

bool is_same(std::string_view own, std::string_view parent) {
  return own == parent;
}
bool is_never_same(std::string_view, std::string_view) {
  return false;
}

// A child that runs `body` and is killed and waited for in the end.
class Child {
 public:
  template <class Body>
  explicit Child(Body body) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    ::_exit(0);
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Pid pid() const { return {pid_}; }
  void wait_until_zombie() const {
    siginfo_t info{};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  }
  void end() {
    if (is_waited_for_) return;
    ::kill(pid_, SIGKILL);
    EXPECT_EQ(::waitpid(pid_, nullptr, 0), pid_);
    is_waited_for_ = true;
  }

 private:
  pid_t pid_;
  bool is_waited_for_ = false;
};

void sleep_for_ever() {
  while (true) ::pause();
}

template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(ParseIdentity, TakesThreeNumbersAndNothingElse) {
  EXPECT_EQ(parse_identity("8:1:18446744073709551615"), (model::FileNumber{{8, 1}, 18446744073709551615U}));
  for (const char* text : {"", "8", "8:1", "8:1:", "8:1:x", "8::1", "-1:1:1"})
    EXPECT_EQ(parse_identity(text), std::nullopt) << text;
}

TEST(ParseNamespace, ReadsTheInodeNumber) {
  EXPECT_EQ(parse_namespace("mnt:[4026531841]"), 4026531841U);
  for (const std::string link : {"", "mnt:[]", "mnt:[x]", "mnt:[1", "mnt:1]", "mnt:[-1]", "[1]x"}) {
    EXPECT_EQ(parse_namespace(link), 0U) << link;
  }
}

TEST(ReadProcess, TellsAllOfARunningProcess) {
  const auto before = std::chrono::system_clock::now();
  const Child child([] {
    // Its own writer, so that it waits for ever.
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0 || ::dup2(ends[0], STDIN_FILENO) < 0) ::_exit(126);
    ::execl("/bin/sh", "writer", "-c", "read line; :", nullptr);
    ::_exit(127);
  });
  ASSERT_TRUE(comes_true([&] {
    const auto text = read_real(child.pid(), ProcFile::cmdline);
    return text && text->starts_with("writer");
  }));
  const auto process = read_process(one_by_one(read_real), is_never_same, child.pid());
  EXPECT_EQ(process.pid, child.pid());
  EXPECT_EQ(process.pid_in_container, child.pid());
  EXPECT_EQ(process.state, ProcessState::running);
  EXPECT_EQ(process.name, "sh");
  EXPECT_EQ(process.exe, std::filesystem::canonical("/bin/sh"));
  EXPECT_THAT(process.command_line, ElementsAre("writer", "-c", "read line; :"));
  EXPECT_EQ(process.exe_file, (model::FileNumber{{8, 1}, 4711}));
  EXPECT_EQ(process.uid, ::getuid());
  EXPECT_EQ(process.cgroup, *read_real({::getpid()}, ProcFile::cgroup));
  EXPECT_THAT(process.ancestors, IsEmpty());
  EXPECT_EQ(process.parent.value, ::getpid());
  EXPECT_EQ(process.parent_in_container.value, ::getpid()) << "in one pid namespace";
  EXPECT_EQ(process.mount_namespace, inode_of("/proc/self/ns/mnt"));
  EXPECT_EQ(process.pid_namespace, inode_of("/proc/self/ns/pid"));
  EXPECT_EQ(process.host_name, "name of " + std::to_string(child.pid().value));
  EXPECT_GT(process.start_time, before - 30ms);
  EXPECT_LT(process.start_time, std::chrono::system_clock::now() + 30ms);
}

TEST(ReadProcess, GivesOneProcessOneStartTime) {
  const auto first = read_process(one_by_one(read_real), is_never_same, {::getpid()}).start_time;
  for (int i = 0; i < 100; ++i) {
    const auto again = read_process(one_by_one(read_real), is_never_same, {::getpid()}).start_time;
    // The wall clock may be slewed by one tick in between, no more.
    EXPECT_LE(again > first ? again - first : first - again, 10ms);
  }
}

TEST(ReadProcess, TellsWhatIsLeftOfAZombie) {
  const Child child([] {
    ::prctl(PR_SET_NAME, "brief) R 1 (");
    ::_exit(0);
  });
  child.wait_until_zombie();
  const auto process = read_process(one_by_one(read_real), is_same, child.pid());
  EXPECT_EQ(process.state, ProcessState::exited);
  EXPECT_EQ(process.name, "brief) R 1 (");
  EXPECT_EQ(process.uid, ::getuid());
  EXPECT_NE(process.start_time, util::WallTime{});
  EXPECT_EQ(process.exe, "");
  EXPECT_THAT(process.command_line, IsEmpty());
}

TEST(ReadProcess, TakesALeaderThatEndedBeforeItsThreadsForRunning) {
  const Child child([] {
    std::thread(sleep_for_ever).detach();
    // Not pthread_exit(3): it unwinds through the test.
    ::syscall(SYS_exit, 0);
  });
  ASSERT_TRUE(comes_true([&] {
    const auto stat = read_real(child.pid(), ProcFile::stat);
    return stat && stat->find(") Z ") != std::string::npos;
  }));
  EXPECT_EQ(read_process(one_by_one(read_real), is_never_same, child.pid()).state, ProcessState::running);
}

TEST(ReadProcess, TellsOnlyTheNumberOfAProcessThatIsGone) {
  Child child(sleep_for_ever);
  child.end();
  int reads = 0;
  const auto count = [&](Pid pid, ProcFile file) {
    ++reads;
    return read_real(pid, file);
  };
  const auto process = read_process(one_by_one(count), is_same, child.pid());
  EXPECT_EQ(process.pid, child.pid());
  EXPECT_EQ(process.state, ProcessState::exited);
  EXPECT_EQ(process.name, "");
  EXPECT_EQ(process.pid_in_container, Pid{});
  EXPECT_EQ(process.start_time, util::WallTime{});
  EXPECT_EQ(reads, 0);
}

TEST(ReadProcess, AsksNothingForAProcessOutsideThePidNamespace) {
  const auto refuse = [](Pid, ProcFile) -> sys::Result<std::string> {
    ADD_FAILURE();
    return std::unexpected(sys::Error{"read", "", ESRCH});
  };
  for (const std::int32_t number : {0, -1}) {
    EXPECT_EQ(read_process(one_by_one(refuse), is_same, {number}).state, ProcessState::exited);
  }
}

// For each file, whether the process that ends just before it is read keeps what was read earlier.
TEST(ReadProcess, KeepsWhatWasReadBeforeTheProcessWentAway) {
  for (const auto last : {ProcFile::exe, ProcFile::cmdline, ProcFile::cgroup, ProcFile::status}) {
    Child child(sleep_for_ever);
    const auto read_and_end = [&](Pid pid, ProcFile file) {
      if (file == last) child.end();
      return read_real(pid, file);
    };
    const auto process = read_process(one_by_one(read_and_end), is_never_same, child.pid());
    EXPECT_EQ(process.state, ProcessState::exited);
    EXPECT_NE(process.name, "");
    EXPECT_NE(process.start_time, util::WallTime{});
    if (last == ProcFile::status) {
      EXPECT_NE(process.exe, "");
      EXPECT_NE(process.cgroup, "");
      EXPECT_THAT(process.command_line, SizeIs(testing::Ge(1U)));
    }
  }
}

// A process can have its memory read as slowly as it likes (userfaultfd(2)), until the privileged part is not
// waited for any longer.
TEST(ReadProcess, TellsAllButItsCommandLineOfAProcessWhoseMemoryIsNotReadToTheEnd) {
  const Child child(sleep_for_ever);
  const auto read = [&](const ProcQuestion& question) {
    if (std::ranges::find(question.files, ProcFile::cmdline) == question.files.end())
      return one_by_one(read_real)(question);
    std::vector<ProcAnswer> answers(1);
    for (std::size_t i = 0; i < question.files.size(); ++i)
      answers.front().files.emplace_back(std::unexpected(sys::Error{"recvmsg", "marker", ETIMEDOUT}));
    return answers;
  };
  const auto process = read_process(read, is_same, child.pid());
  EXPECT_EQ(process.state, ProcessState::running);
  EXPECT_EQ(process.host_name, "name of " + std::to_string(child.pid().value));
  EXPECT_NE(process.exe, "");
  EXPECT_THAT(process.command_line, IsEmpty());
}

std::string stat_text(const std::string& name, Pid parent, int start) {
  return "1 (" + name + ") S " + std::to_string(parent.value) + " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
         std::to_string(start) + " 0 0";
}

TEST(ReadProcess, DropsWhatANewOwnerOfTheNumberMayHaveTold) {
  Child child(sleep_for_ever);
  bool is_reused = false;
  const auto reuse = [&](Pid pid, ProcFile file) -> sys::Result<std::string> {
    if (pid != child.pid()) return std::unexpected(sys::Error{"open", "", ENOENT});
    if (file == ProcFile::stat)
      return is_reused ? stat_text("innocent", {1}, 2000) : stat_text("writer", {1}, 1000);
    child.end();
    is_reused = true;
    if (file == ProcFile::status) return "Uid:\t0\t0\t0\t0\nNSpid:\t5\t6\n";
    return "/innocent";
  };
  const auto process = read_process(one_by_one(reuse), is_same, child.pid());
  EXPECT_TRUE(is_reused);
  EXPECT_EQ(process.name, "writer");
  EXPECT_EQ(process.state, ProcessState::exited);
  EXPECT_EQ(process.exe, "");
  EXPECT_EQ(process.cgroup, "");
  EXPECT_THAT(process.command_line, IsEmpty());
  EXPECT_EQ(process.uid, std::nullopt);
  EXPECT_EQ(process.pid_in_container, Pid{});
  EXPECT_EQ(process.parent, Pid{});
  EXPECT_EQ(process.host_name, "");
  EXPECT_THAT(process.ancestors, IsEmpty());
}

// A tree of processes as /proc would tell it. Only the first is asked of the kernel, hence our own number.
struct Tree {
  struct Node {
    std::int32_t parent;
    int start;
    std::string cgroup;
    std::string numbers;
  };
  std::map<std::int32_t, Node> nodes;

  sys::Result<std::string> operator()(Pid pid, ProcFile file) const {
    const auto found = nodes.find(pid.value);
    if (found == nodes.end()) return std::unexpected(sys::Error{"open", "", ENOENT});
    const auto& node = found->second;
    switch (file) {
      case ProcFile::stat:
        return stat_text("p" + std::to_string(pid.value), {node.parent}, node.start);
      case ProcFile::cgroup:
        return node.cgroup;
      case ProcFile::status:
        return "Uid:\t0\nNSpid:\t" + node.numbers + "\n";
      case ProcFile::exe:
        return "/bin/" + std::to_string(pid.value);
      default:
        return "";
    }
  }
};

// With each process `more` of its ancestors, whatever they are.
ReadProc with_ancestors(const Tree& tree, std::size_t more) {
  return [&tree, more](const ProcQuestion& question) {
    auto answers = one_by_one(tree)(question);
    for (auto node = tree.nodes.find(question.pid.value); answers.size() <= more;) {
      if (question.of_ancestors.empty() || node == tree.nodes.end()) break;
      const Pid parent{node->second.parent};
      answers.push_back(std::move(one_by_one(tree)({.pid = parent, .files = question.of_ancestors}).front()));
      node = tree.nodes.find(parent.value);
    }
    return answers;
  };
}

std::vector<std::int32_t> ancestors_by(const ReadProc& read) {
  std::vector<std::int32_t> numbers;
  for (const auto& ancestor : read_process(read, is_same, {::getpid()}).ancestors) {
    EXPECT_EQ(ancestor.name, "p" + std::to_string(ancestor.pid.value));
    EXPECT_EQ(ancestor.exe, "/bin/" + std::to_string(ancestor.pid.value));
    numbers.push_back(ancestor.pid.value);
  }
  return numbers;
}

// However many are told along with the process.
std::vector<std::int32_t> ancestors_in(const Tree& tree) {
  const auto numbers = ancestors_by(one_by_one(tree));
  for (const std::size_t more : {1U, 2U, 3U, 16U, 20U})
    EXPECT_EQ(ancestors_by(with_ancestors(tree, more)), numbers) << more;
  return numbers;
}

TEST(Ancestors, AreAskedForAlongWithTheirProcess) {
  const Tree tree{{{::getpid(), {9003, 40, "/c", "1"}},
                   {9003, {9002, 30, "/c", "1"}},
                   {9002, {9001, 20, "/c", "1"}},
                   {9001, {1, 10, "/shim", "1"}}}};
  int questions = 0;
  const auto read = [&, all = with_ancestors(tree, 16)](const ProcQuestion& question) {
    ++questions;
    return all(question);
  };
  EXPECT_THAT(ancestors_by(read), ElementsAre(9003, 9002));
  EXPECT_EQ(questions, 1);
}

TEST(Ancestors, EndWhereTheCgroupIsAnother) {
  EXPECT_THAT(ancestors_in({{{::getpid(), {9003, 40, "/c", "1"}},
                             {9003, {9002, 30, "/c", "1"}},
                             {9002, {9001, 20, "/shim", "1"}},
                             {9001, {1, 10, "/c", "1"}}}}),
              ElementsAre(9003));
}

TEST(Ancestors, EndAtTheInitOfTheContainer) {
  EXPECT_THAT(ancestors_in({{{::getpid(), {9003, 40, "/c", "9004 8"}},
                             {9003, {9002, 30, "/c", "9003 7"}},
                             {9002, {9001, 20, "/c", "9002 1"}},
                             {9001, {1, 10, "/c", "9001"}}}}),
              ElementsAre(9003, 9002));
  EXPECT_THAT(ancestors_in({{{::getpid(), {9001, 40, "/c", "9004 1"}}, {9001, {1, 10, "/c", "9001"}}}}),
              IsEmpty());
}

TEST(Ancestors, AreNotHiddenByAPidNamespaceThatTheContainerMakes) {
  EXPECT_THAT(ancestors_in({{{::getpid(), {9003, 40, "/c", "9004 8 2"}},
                             {9003, {9002, 30, "/c", "9003 7 1"}},
                             {9002, {9001, 20, "/c", "9002 6"}},
                             {9001, {1, 10, "/c", "9001 1"}}}}),
              ElementsAre(9003, 9002, 9001));
}

TEST(Ancestors, EndAtANumberThatWasReused) {
  EXPECT_THAT(ancestors_in({{{::getpid(), {9003, 40, "/c", "1"}},
                             {9003, {9002, 30, "/c", "1"}},
                             {9002, {9001, 31, "/c", "1"}},
                             {9001, {1, 10, "/c", "1"}}}}),
              ElementsAre(9003));
}

TEST(Ancestors, AreBoundedAlsoWhenTheyRunInACircle) {
  EXPECT_THAT(ancestors_in({{{::getpid(), {9001, 40, "/c", "1"}}, {9001, {9001, 30, "/c", "1"}}}}),
              SizeIs(max_ancestors));
}

TEST(Ancestors, AreNoneWithoutACgroupToCompare) {
  EXPECT_THAT(ancestors_in({{{::getpid(), {9001, 40, "", "1"}}, {9001, {1, 30, "", "1"}}}}), IsEmpty());
}

Pid parent_in_container(const Tree& tree) {
  const auto process = read_process(one_by_one(tree), is_same, {::getpid()});
  EXPECT_EQ(process.parent, Pid{9001});
  return process.parent_in_container;
}

TEST(Parent, HasTheNumberOfTheChildsPidNamespace) {
  EXPECT_EQ(
      parent_in_container({{{::getpid(), {9001, 40, "/c", "9004 8"}}, {9001, {1, 10, "/c", "9001 7"}}}}),
      Pid{7});
  EXPECT_EQ(
      parent_in_container({{{::getpid(), {9001, 40, "/c", "9004 8"}}, {9001, {1, 10, "/c", "9001 7 1"}}}}),
      Pid{7})
      << "the parent has a namespace of its own";
}

TEST(Parent, HasNoNumberInsideWhenItIsOutside) {
  EXPECT_EQ(
      parent_in_container({{{::getpid(), {9001, 40, "/c", "9004 8"}}, {9001, {1, 10, "/shim", "9001"}}}}),
      Pid{})
      << "as that of a command of docker exec";
  EXPECT_EQ(parent_in_container({{{::getpid(), {9001, 40, "/c", "9004 8"}}}}), Pid{}) << "it is gone";
  EXPECT_EQ(
      parent_in_container({{{::getpid(), {9001, 40, "/c", "9004 8"}}, {9001, {1, 41, "/c", "9001 7"}}}}),
      Pid{})
      << "its number was reused";
}

TEST(Ancestors, AreThoseOfARealProcess) {
  const Child child(sleep_for_ever);
  const auto process = read_process(one_by_one(read_real), is_same, child.pid());
  ASSERT_THAT(process.ancestors, SizeIs(testing::Ge(1U)));
  EXPECT_EQ(process.ancestors.front().pid.value, ::getpid());
  EXPECT_EQ(process.ancestors.front().exe, *read_real({::getpid()}, ProcFile::exe));
}

TEST(ReadProcess, ReadsTheNumberInsideARealPidNamespace) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: unshare(CLONE_NEWPID) needs CAP_SYS_ADMIN";
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const sys::Fd reading{ends[0]};
  const sys::Fd writing{ends[1]};
  const Child child([&] {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(1);
    const pid_t inner = ::fork();
    if (inner == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      sleep_for_ever();
    }
    if (::write(writing.number(), &inner, sizeof inner) != sizeof inner) ::_exit(1);
    sleep_for_ever();
  });
  pid_t inner = 0;
  ASSERT_EQ(::read(reading.number(), &inner, sizeof inner), static_cast<ssize_t>(sizeof inner));
  const auto process = read_process(one_by_one(read_real), is_same, {inner});
  // Its parent may end before it has asked to be ended with it.
  ::kill(inner, SIGKILL);
  EXPECT_EQ(process.pid_in_container, Pid{1});
  EXPECT_EQ(process.parent, child.pid());
  EXPECT_EQ(process.parent_in_container, Pid{}) << "it is outside";
  EXPECT_NE(process.pid_namespace, inode_of("/proc/self/ns/pid"));
  EXPECT_THAT(process.ancestors, IsEmpty()) << "an init ends the list";
}

}  // namespace
}  // namespace dropwarden::attribute

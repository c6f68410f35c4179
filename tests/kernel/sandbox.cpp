// SPDX-License-Identifier: Apache-2.0
// The profiles loaded for real: each test's body runs in a process of its own, which enters one and never
// leaves it.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sandbox/enter.hpp"
#include "dropwarden/store/capture_directory.hpp"
#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/mount.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/sanitizer.hpp"

namespace dropwarden::test {
namespace {

using sandbox::Enforcement;
using sandbox::Profile;
using testing::HasSubstr;

void enter(Profile profile, const std::vector<std::string>& writable = {},
           Enforcement enforcement = Enforcement::enforce) {
  sys::value_or_throw(sandbox::enter(
      profile, {.enforcement = enforcement, .writable = writable, .has_abstract_sockets = false}));
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  require(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  return ntohs(address.sin_port);
}

sys::Fd listen_locally() {
  sys::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  require(::bind(listener.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  require(::listen(listener.number(), 4) == 0, "listen");
  return listener;
}

int connect_locally(int type, std::uint16_t port) {
  const sys::Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  require(static_cast<bool>(socket), "socket");
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  return ::connect(socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof address);
}

template <class T>
void require_error(T result, int number, const char* call) {
  const int error = errno;
  if (result == static_cast<T>(-1) && error == number) return;
  throw std::runtime_error(std::string(call) + ": " +
                           (result == static_cast<T>(-1) ? "errno " + std::to_string(error) : "it worked"));
}

// How a process ends that does this; its standard error goes to `log`.
int wait_status_of(const std::function<void()>& body, int log = -1) {
  const pid_t pid = ::fork();
  require(pid >= 0, "fork");
  if (pid == 0) {
    if (log >= 0) ::dup2(log, STDERR_FILENO);
    ::prctl(PR_SET_DUMPABLE, 0);  // no core file of what is killed on purpose
    body();
    ::_exit(0);
  }
  int status = 0;
  require(::waitpid(pid, &status, 0) == pid, "waitpid");
  return status;
}

class Sandbox : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) directory_ = make_scratch_directory();
  }
  std::string directory_;
};

// Not known to the libseccomp of Debian 12.
TEST_F(Sandbox, LetsTheMarkerListMounts) {
  if (!sys::list_mounts(0)) GTEST_SKIP() << "SKIP kernel: needs listmount(2), Linux 6.8";
  EXPECT_TRUE(run_in_child([] {
    enter(Profile::marker);
    const auto mounts = sys::value_or_throw(sys::list_mounts(0));
    sys::value_or_throw(sys::read_mount(mounts.front(), 0));
    sys::value_or_throw(sys::read_mount_namespace("/proc/self/ns/mnt"));
  }));
}

TEST_F(Sandbox, LetsTheMonitorDoItsWork) {
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::monitor, {directory_});
    std::atomic<int> sum = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { ++sum; });
    for (auto& thread : threads) thread.join();
    require(sum == 4, "threads");
    try {
      throw std::runtime_error("unwinds");
    } catch (const std::runtime_error&) {
    }
    write_file(directory_ + "/state", std::string(1U << 20U, 'x'));
    require(sys::value_or_throw(sys::read_file(directory_ + "/state", 2U << 20U)).size() == 1U << 20U,
            "read");
    require(::unlink((directory_ + "/state").c_str()) == 0, "unlink");
    require(sandbox::refused_calls().empty(), "a refused call");
  }));
}

TEST_F(Sandbox, LetsTheMonitorNameACopyInItsDirectoriesAlone) {
  const std::string outside = make_scratch_directory();
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::monitor, {directory_});
    const std::string name(64, 'a');
    {
      store::CaptureDirectory captures({.directory = directory_}, {});
      auto copy = sys::value_or_throw(captures.begin(1, {}));
      require(copy.has_value(), "begin");
      sys::value_or_throw(captures.keep(std::move(*copy), 1, name));
      require(captures.has(name, 1), "has");
    }
    require(::link((directory_ + "/" + name).c_str(), (directory_ + "/other").c_str()) != 0, "link");
    bool is_refused = false;
    try {
      store::CaptureDirectory captures({.directory = outside}, {});
    } catch (const sys::SystemError& error) {
      is_refused = error.error().number == EACCES;
    }
    if (sandbox::state().landlock_abi > 0) require(is_refused, "outside");
  }));
}

TEST_F(Sandbox, AnswersARefusedCallWithAnErrorCountsItAndSaysItOnce) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const sys::Fd reader(ends[0]);
  sys::Fd writer(ends[1]);
  const int status = wait_status_of(
      [&] {
        enter(Profile::monitor);
        for (int i = 0; i < 3; ++i) require_error(::socket(AF_INET, SOCK_STREAM, 0), ENOSYS, "socket");
        require_error(::mount("x", "/", "tmpfs", 0, nullptr), ENOSYS, "mount");
        require_error(::setuid(0), ENOSYS, "setuid");
        const auto refused = sandbox::refused_calls();
        const auto found = std::ranges::find(refused, "socket", &sandbox::RefusedCall::name);
        require(refused.size() == 3 && found != refused.end() && found->count == 3, "refused_calls");
      },
      writer.number());
  writer.reset();
  std::array<std::byte, 4096> buffer;
  const auto length = sys::value_or_throw(sys::read_some(reader.number(), buffer));  // a pipe holds all of it
  const std::string log(reinterpret_cast<const char*>(buffer.data()), length);
  EXPECT_EQ(status, 0) << log;
  EXPECT_THAT(log, HasSubstr("the sandbox of the monitor refused the system call socket: "));
  EXPECT_THAT(log, HasSubstr("the system call mount: "));
  EXPECT_EQ(std::ranges::count(log, '\n'), 3) << log;
}

TEST_F(Sandbox, EndsAProcessThatDoesWhatOnlyAnIntruderDoes) {
  for (const auto profile : sandbox::profiles) {
    const int status = wait_status_of([&] {
      enter(profile);
      const char* const arguments[] = {"true", nullptr};
      ::execv("/bin/true", const_cast<char* const*>(arguments));
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << sandbox::name_of(profile) << status;
  }
}

TEST_F(Sandbox, CoversThreadsThatRanBefore) {
  EXPECT_TRUE(run_in_child([&] {
    std::atomic<bool> is_entered = false;
    std::atomic<int> error = 0;
    std::thread thread([&] {
      while (!is_entered) std::this_thread::yield();
      if (::socket(AF_INET, SOCK_STREAM, 0) < 0) error = errno;
    });
    enter(Profile::monitor);
    is_entered = true;
    thread.join();
    require(error == ENOSYS, "socket");
  }));
}

// A program with a sanitizer may do both things that are refused below.
TEST_F(Sandbox, LetsNoMemoryBeExecuted) {
  if (has_sanitizer) return;  // no skip: CI would take it for something that is missing
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::monitor);
    void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "mmap");
    require_error(::mprotect(memory, 4096, PROT_READ | PROT_EXEC), ENOSYS, "mprotect");
  }));
}

TEST_F(Sandbox, GivesNoNewPrivileges) {
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::marker);
    const auto status = sys::value_or_throw(sys::read_file("/proc/self/status", 65536));
    require(status.find("NoNewPrivs:\t1") != std::string::npos, "NoNewPrivs");
    require(status.find("Seccomp:\t2") != std::string::npos, "Seccomp");
  }));
}

TEST_F(Sandbox, LetsTheMarkerMarkMountAndReadButWriteToNothingThatIsThere) {
  write_file(directory_ + "/file", "text");
  EXPECT_TRUE(run_in_child([&] {
    const std::string stranger = "/proc/" + std::to_string(::getppid()) + "/root";
    enter(Profile::marker);
    require(::mkdir((directory_ + "/mounted").c_str(), 0700) == 0, "mkdir");
    sys::value_or_throw(sys::mount_tmpfs(directory_ + "/mounted"));
    TestGroup group(*privilege_, features_);
    group.mark(directory_ + "/mounted", TMPFS_MAGIC);
    sys::value_or_throw(privilege_->read_process_file(::getpid(), privilege::ProcessFile::host_name));
    // Before Linux 5.13 a tmpfs has no f_fsid, and so no mark of that kind: not the sandbox's doing.
    const auto upper_events = privilege_->probe_upper_events();
    require(upper_events || upper_events.error().number == ENODEV, "probe_upper_events");
    sys::value_or_throw(sys::open_path(stranger, O_PATH | O_DIRECTORY));
    require(sys::value_or_throw(sys::read_file(directory_ + "/file", 16)) == "text", "read");
    require(sandbox::refused_calls().empty(), "a refused call");
    if (has_sanitizer) return;
    require_error(::open((directory_ + "/file").c_str(), O_WRONLY), ENOSYS, "open for writing");
    require_error(::open((directory_ + "/new").c_str(), O_RDONLY | O_CREAT, 0600), ENOSYS, "open a new file");
    require_error(::umount2((directory_ + "/mounted").c_str(), MNT_DETACH), ENOSYS, "unmount");
  }));
  EXPECT_TRUE(sys::unmount(directory_ + "/mounted"));
}

TEST_F(Sandbox, ByLandlockWritesForTheMonitorOnlyWhereItIsTold) {
  const auto abi = sandbox::read_landlock_abi();
  if (!abi) GTEST_SKIP() << "SKIP kernel: " << abi.error().text();
  const std::string writable = directory_ + "/writable";
  const std::string other = directory_ + "/other";
  for (const auto& path : {writable, other}) {
    ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
    write_file(path + "/file", "text");
  }
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::monitor, {writable, directory_ + "/missing"});
    require(sandbox::state().landlock_abi == *abi, "landlock_abi");
    require(sys::value_or_throw(sys::read_file(other + "/file", 16)) == "text", "read");
    require_error(::open((other + "/file").c_str(), O_WRONLY), EACCES, "open for writing");
    require_error(::open((other + "/new").c_str(), O_WRONLY | O_CREAT, 0600), EACCES, "create");
    require_error(::unlink((other + "/file").c_str()), EACCES, "unlink");
    write_file(writable + "/new", "text");
    require(::rename((writable + "/new").c_str(), (writable + "/renamed").c_str()) == 0, "rename");
    std::thread([&] {
      require_error(::open((other + "/file").c_str(), O_WRONLY), EACCES, "open in a thread");
    }).join();
  }));
}

TEST_F(Sandbox, LetsAMonitorWithAnOutputConnectToItsPortAlone) {
  const sys::Fd wanted = listen_locally();
  const sys::Fd other = listen_locally();
  const auto abi = sandbox::read_landlock_abi();
  EXPECT_TRUE(run_in_child([&] {
    sys::value_or_throw(sandbox::enter(Profile::monitor, {.enforcement = Enforcement::enforce,
                                                          .writable = {},
                                                          .has_abstract_sockets = false,
                                                          .network = sandbox::Network::outputs,
                                                          .tcp_ports = {port_of(wanted.number())}}));
    require(connect_locally(SOCK_STREAM, port_of(wanted.number())) == 0, "connect");
    require(connect_locally(SOCK_DGRAM, port_of(other.number())) == 0, "connect of a datagram socket");
    require(sandbox::state().may_connect_to(port_of(wanted.number())), "may_connect_to");
    constexpr int with_ports = 4;
    if (!abi || *abi < with_ports) return;
    require_error(connect_locally(SOCK_STREAM, port_of(other.number())), EACCES, "connect");
    require(!sandbox::state().may_connect_to(port_of(other.number())), "may_connect_to another");
  }));
}

// The kernel opens the file for the reader of the event, and by the reader's rules.
TEST_F(Sandbox, LetsTheMonitorReadTheFilesOfEvents) {
  TestOverlay overlay(directory_);
  TestGroup group(*privilege_, features_);
  group.mark(overlay.merged());
  write_file(overlay.merged() + "/tmp/file", make_elf());
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::monitor);
    const auto events = group.read_queued();
    require(events.size() == 1 && events[0].file, "read");
    require(read_header(events[0].file) == elf_magic, "pread");
    require(sandbox::refused_calls().empty(), "a refused call");
  }));
}

TEST_F(Sandbox, ThatOnlyLogsRefusesNothing) {
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::monitor, {}, Enforcement::log);
    const sys::Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
    require(static_cast<bool>(socket), "socket");
    sys::value_or_throw(sys::read_file("/etc/passwd", 1U << 20U));
  }));
}

TEST_F(Sandbox, ThatIsOffDoesNothing) {
  EXPECT_TRUE(run_in_child([&] {
    enter(Profile::monitor, {}, Enforcement::off);
    require(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0, "prctl");
  }));
}

}  // namespace
}  // namespace dropwarden::test

// SPDX-License-Identifier: Apache-2.0
// The filters as the kernel gets them, evaluated for both architectures on whichever one this is.
#include "sandbox/filter.hpp"

#include <csignal>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <set>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "filter_machine.hpp"

namespace dropwarden::sandbox {
namespace {

constexpr std::array<std::uint32_t, 2> architectures{AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64};
constexpr std::uint32_t absent = SECCOMP_RET_ERRNO | ENOSYS;
using Arguments = std::array<std::uint64_t, 6>;

// libseccomp makes only what the kernel can load, and finds that out by seccomp(2), which an emulator of a
// processor does not have. Here nothing is loaded. 3: since Linux 4.14, seccomp_api_get(3).
const bool is_any_kernel = seccomp_api_get() >= 3 || seccomp_api_set(3) == 0;

class Filter : public testing::TestWithParam<std::tuple<Profile, std::uint32_t>> {
 protected:
  Profile profile() const { return std::get<0>(GetParam()); }
  std::uint32_t architecture() const { return std::get<1>(GetParam()); }

  // Negative where the architecture has no such call.
  int number_of(std::string_view name) const {
    const bool is_native = architecture() == seccomp_arch_native();
    return is_native ? number_of_call(std::string(name))
                     : seccomp_syscall_resolve_name_arch(architecture(), std::string(name).c_str());
  }
  std::uint32_t verdict(int number, const Arguments& arguments = {}) const {
    return run_filter(program_, {static_cast<std::uint32_t>(number), architecture(), arguments});
  }
  std::uint32_t verdict(std::string_view name, const Arguments& arguments = {}) const {
    return verdict(number_of(name), arguments);
  }

  void SetUp() override { ASSERT_TRUE(is_any_kernel); }

  const std::vector<struct sock_filter> program_ =
      compile_filter(profile(), Network::outputs, Enforcement::enforce, architecture());
};

std::uint32_t action_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::allowed:
      return SECCOMP_RET_ALLOW;
    case Verdict::absent:
      return absent;
    case Verdict::fatal:
      return SECCOMP_RET_KILL_PROCESS;
    case Verdict::refused:
      break;
  }
  return SECCOMP_RET_TRAP;
}

TEST_P(Filter, DoesToEveryLineOfItsTableWhatTheLineSays) {
  std::size_t checked = 0;
  for (const Call& call : calls_of(profile(), Network::outputs)) {
    const int number = number_of(call.name);
    if (number < 0) continue;
    Arguments arguments{};
    for (const Condition& condition : call.conditions) arguments.at(condition.argument) |= condition.value;
    EXPECT_EQ(verdict(number, arguments), action_of(call.verdict)) << call.name << ": " << call.reason;
    ++checked;
  }
  EXPECT_GT(checked, 100U);
}

TEST_P(Filter, RefusesEveryCallWithoutALine) {
  std::set<int> known;
  for (const Call& call : calls_of(profile(), Network::outputs)) known.insert(number_of(call.name));
  std::size_t checked = 0;
  constexpr int beyond_all = 700;
  for (int number = 0; number < beyond_all; ++number) {
    if (known.contains(number)) continue;
    EXPECT_EQ(verdict(number), SECCOMP_RET_TRAP) << number;
    ++checked;
  }
  EXPECT_GT(checked, 500U);
}

TEST_P(Filter, EndsAProcessThatCallsByAnotherArchitecture) {
  const auto number = static_cast<std::uint32_t>(number_of("read"));
  EXPECT_EQ(run_filter(program_, {number, AUDIT_ARCH_I386, {}}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(run_filter(program_, {number, AUDIT_ARCH_ARM, {}}), SECCOMP_RET_KILL_PROCESS);
}

TEST_P(Filter, RefusesTheNumbersOfX32) {
  if (architecture() != AUDIT_ARCH_X86_64) return;  // aarch64 has no such
  constexpr int x32_bit = 0x40000000;
  EXPECT_EQ(verdict(x32_bit | number_of("read")), SECCOMP_RET_KILL_PROCESS);
}

TEST_P(Filter, EndsAProcessThatWantsWhatOnlyAnIntruderWants) {
  for (const char* name : {"execve", "execveat", "ptrace", "process_vm_writev", "bpf", "init_module",
                           "finit_module", "kexec_load", "kexec_file_load", "io_uring_setup", "userfaultfd",
                           "perf_event_open", "chroot", "pivot_root"}) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (std::string_view(name) == "ptrace") continue;
#endif
    EXPECT_EQ(verdict(name), SECCOMP_RET_KILL_PROCESS) << name;
  }
}

TEST_P(Filter, LetsTheMarkerAloneTakeDescriptorsOfAnother) {
  const bool is_marker = profile() == Profile::marker;
  EXPECT_EQ(verdict("pidfd_getfd"), is_marker ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(verdict("pidfd_getfd", {0, 0, 1}), is_marker ? SECCOMP_RET_TRAP : SECCOMP_RET_KILL_PROCESS);
}

TEST_P(Filter, RefusesWhatNeitherProcessDoes) {
  // Of a monitor without an output that leads to the network; the others see below.
  const auto program = compile_filter(profile(), Network::none, Enforcement::enforce, architecture());
  const auto refusal_of = [&](std::string_view name, const Arguments& arguments = {}) {
    return run_filter(program, {static_cast<std::uint32_t>(number_of(name)), architecture(), arguments});
  };
  for (const char* name : {"setuid", "setgid", "setresuid", "personality", "kcmp", "add_key", "acct",
                           "settimeofday", "clock_settime", "sethostname", "syslog", "mknodat", "symlinkat",
                           "linkat", "fchownat", "setxattr", "listen", "bind", "vhangup"}) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (std::string_view(name) == "personality") continue;
#endif
    EXPECT_EQ(refusal_of(name), SECCOMP_RET_TRAP) << name;
  }
  for (const int domain : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK}) {
    EXPECT_EQ(refusal_of("socket", {static_cast<std::uint64_t>(domain), SOCK_STREAM}), SECCOMP_RET_TRAP)
        << domain;
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_P(Filter, LetsNoMemoryBeExecuted) {
  EXPECT_EQ(verdict("mmap", {0, 4096, PROT_READ | PROT_WRITE}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(verdict("mmap", {0, 4096, PROT_READ | PROT_EXEC}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("mprotect", {0, 4096, PROT_EXEC}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("pkey_mprotect", {0, 4096, PROT_EXEC}), SECCOMP_RET_TRAP);
}

TEST_P(Filter, LetsThreadsBeStartedAndNoProcesses) {
  constexpr std::uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                   CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  EXPECT_EQ(verdict("clone", {thread}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(verdict("clone", {thread | CLONE_NEWUSER}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("clone", {SIGCHLD}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("clone3"), absent);
  if (architecture() == AUDIT_ARCH_X86_64) {
    EXPECT_EQ(verdict("fork"), SECCOMP_RET_TRAP);
    EXPECT_EQ(verdict("vfork"), SECCOMP_RET_TRAP);
  }
}
#endif

TEST_P(Filter, SeesThroughTheUpperHalfOfARegister) {
  constexpr std::uint64_t garbage = 0xdeadbeef00000000U;
  EXPECT_EQ(verdict("socket", {garbage | AF_UNIX, SOCK_DGRAM}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(verdict("socket", {garbage | AF_INET, SOCK_RAW}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("socket", {garbage | AF_PACKET, SOCK_DGRAM}), SECCOMP_RET_TRAP);
}

TEST_P(Filter, HasNoInternetUnlessAnOutputNeedsIt) {
  const auto without = compile_filter(profile(), Network::none, Enforcement::enforce, architecture());
  const auto verdict_without = [&](std::uint64_t domain, std::uint64_t type) {
    return run_filter(without,
                      {static_cast<std::uint32_t>(number_of("socket")), architecture(), {domain, type}});
  };
  const bool is_monitor = profile() == Profile::monitor;
  for (const int domain : {AF_INET, AF_INET6}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      const Arguments arguments{static_cast<std::uint64_t>(domain), static_cast<std::uint64_t>(type)};
      EXPECT_EQ(verdict_without(arguments[0], arguments[1]), SECCOMP_RET_TRAP);
      EXPECT_EQ(verdict("socket", arguments), is_monitor ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP);
    }
  }
  EXPECT_EQ(verdict_without(AF_UNIX, SOCK_STREAM), SECCOMP_RET_ALLOW);
}

TEST_P(Filter, LetsNobodyPushInputIntoATerminal) {
  EXPECT_EQ(verdict("ioctl", {1, TIOCSTI}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("ioctl", {1, FIONREAD}), SECCOMP_RET_ALLOW);
}

TEST_P(Filter, LetsOnlyTheMarkerMarkAndMount) {
  const auto expected = profile() == Profile::marker ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP;
  for (const char* name : {"fanotify_init", "fanotify_mark", "open_by_handle_at", "mount", "capset"})
    EXPECT_EQ(verdict(name), expected) << name;
  EXPECT_EQ(verdict("setns", {3, CLONE_NEWUTS}), expected);
  EXPECT_EQ(verdict("setns", {3, CLONE_NEWNS}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("setns", {3, 0}), SECCOMP_RET_TRAP);
  constexpr uid_t unchanged = -1;
  EXPECT_EQ(verdict("setresuid", {unchanged, 1000, unchanged}), expected);
  EXPECT_EQ(verdict("setresuid", {1000, 1000, unchanged}), SECCOMP_RET_TRAP);
  EXPECT_EQ(verdict("unshare", {CLONE_NEWNS}), expected);
  EXPECT_EQ(verdict("unshare", {CLONE_NEWUSER}), SECCOMP_RET_TRAP);
}

TEST_P(Filter, LetsTheMarkerOpenNothingThatIsThereForWriting) {
  const auto at = [](std::uint64_t flags) { return Arguments{0, 0, flags}; };
  EXPECT_EQ(verdict("openat", at(O_RDONLY | O_CLOEXEC)), SECCOMP_RET_ALLOW);
  EXPECT_EQ(verdict("openat", at(O_PATH | O_NOFOLLOW | O_DIRECTORY)), SECCOMP_RET_ALLOW);
  EXPECT_EQ(verdict("openat", at(O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)), SECCOMP_RET_ALLOW);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const auto expected = profile() == Profile::monitor ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP;
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC, O_TMPFILE | O_RDWR})
    EXPECT_EQ(verdict("openat", at(static_cast<std::uint64_t>(flags))), expected) << flags;
#endif
}

std::string name_of_case(const testing::TestParamInfo<Filter::ParamType>& info) {
  const bool is_x86 = std::get<1>(info.param) == AUDIT_ARCH_X86_64;
  return std::string(name_of(std::get<0>(info.param))) + (is_x86 ? "_x86_64" : "_aarch64");
}
INSTANTIATE_TEST_SUITE_P(OfEach, Filter,
                         testing::Combine(testing::ValuesIn(profiles), testing::ValuesIn(architectures)),
                         name_of_case);

TEST(FilterThatLogs, AllowsEverythingAndHasTheKernelSayWhatItWouldHaveRefused) {
  const auto program = compile_filter(Profile::monitor, Network::none, Enforcement::log, AUDIT_ARCH_X86_64);
  const auto verdict = [&](const char* name) {
    const int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
    return run_filter(program, {static_cast<std::uint32_t>(number), AUDIT_ARCH_X86_64, {}});
  };
  EXPECT_EQ(verdict("read"), SECCOMP_RET_ALLOW);
  EXPECT_EQ(verdict("mount"), SECCOMP_RET_LOG);
  EXPECT_EQ(verdict("execve"), SECCOMP_RET_LOG);
  EXPECT_EQ(verdict("clone3"), absent);
}

}  // namespace
}  // namespace dropwarden::sandbox

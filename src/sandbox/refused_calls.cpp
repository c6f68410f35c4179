// SPDX-License-Identifier: Apache-2.0
#include "refused_calls.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <seccomp.h>
#include <ucontext.h>
#include <unistd.h>

#include "dropwarden/sandbox/enter.hpp"

// Owns the process's handler of SIGSYS. All that it uses is made before, as it may interrupt anything, malloc
// too.
namespace dropwarden::sandbox {
namespace {

constexpr std::size_t max_calls = 640;  // those of 6.x end at 470; what is beyond counts as the last one
constexpr std::size_t max_name = 32;

struct Calls {
  const char* profile = "";
  std::array<std::array<char, max_name>, max_calls> names{};
  std::array<std::atomic<std::uint64_t>, max_calls> counts{};
};
constinit Calls calls;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

void set_return_value(ucontext_t& context, int error) {
#if defined(__x86_64__)
  context.uc_mcontext.gregs[REG_RAX] = -error;
#elif defined(__aarch64__)
  context.uc_mcontext.regs[0] = static_cast<unsigned long long>(-static_cast<long long>(error));
#else
#error "where does this architecture return the result of a system call?"
#endif
}

void say(const char* name) {
  constexpr std::size_t longest = 256;
  std::array<char, longest> line{};
  std::size_t length = 0;
  for (const char* part :
       {"dropwarden: the sandbox of the ", calls.profile, " refused the system call ", name,
        ": it fails with ENOSYS from now on. Please report this; `--sandbox log` allows it\n"}) {
    const std::size_t size = std::min(std::strlen(part), longest - length);
    std::memcpy(line.data() + length, part, size);
    length += size;
  }
  // A log that takes nothing now loses the line, and `status` has the count all the same.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), length);
}

void on_refused(int /*signal*/, siginfo_t* info, void* context) {
  constexpr int from_seccomp = 1;  // SYS_SECCOMP, which Debian 12's <signal.h> does not name
  if (info->si_code != from_seccomp)
    return;  // kill(2), which a filter around this process may know a use for
  const int saved = errno;
  const auto number =
      std::min(static_cast<std::size_t>(static_cast<unsigned>(info->si_syscall)), max_calls - 1);
  if (calls.counts[number].fetch_add(1, std::memory_order_relaxed) == 0) say(calls.names[number].data());
  set_return_value(*static_cast<ucontext_t*>(context), ENOSYS);
  errno = saved;
}

}  // namespace

sys::Result<void> handle_refused_calls(Profile profile) {
  calls.profile = name_of(profile);
  for (std::size_t number = 0; number < max_calls; ++number) {
    auto& name = calls.names[number];
    char* const known = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
    if (known != nullptr) {
      std::strncpy(name.data(), known, max_name - 1);
      std::free(known);
    } else {
      std::to_chars(name.data(), name.data() + max_name - 1, number);
    }
  }
  struct sigaction action{};
  action.sa_sigaction = on_refused;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) return sys::unexpected_errno("sigaction", "SIGSYS");
  return {};
}

std::vector<RefusedCall> refused_calls() {
  std::vector<RefusedCall> refused;
  for (std::size_t number = 0; number < max_calls; ++number) {
    const auto count = calls.counts[number].load(std::memory_order_relaxed);
    if (count != 0) refused.push_back({calls.names[number].data(), count});
  }
  return refused;
}

}  // namespace dropwarden::sandbox

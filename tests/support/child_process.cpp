// SPDX-License-Identifier: Apache-2.0
#include "support/child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto name = text.substr(0, text.find('=') + 1);
    const auto is_same = [&](const std::string& other) { return other.starts_with(name); };
    if (std::none_of(added.begin(), added.end(), is_same)) all.emplace_back(text);
  }
  return all;
}

// Runs between fork and exec: system calls only, since another thread may hold a lock of the allocator.
[[noreturn]] void become(pid_t parent, const ChildOptions& options, int null, char* const* arguments,
                         char* const* environment) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(null, STDIN_FILENO);
  ::dup2(options.output >= 0 ? options.output : null, STDOUT_FILENO);
  ::dup2(options.error >= 0 ? options.error : null, STDERR_FILENO);
  ::execvpe(arguments[0], arguments, environment);
  const char* const reason = ::strerrordesc_np(errno);
  for (const char* text : {static_cast<const char*>(arguments[0]), ": ", reason, "\n"}) {
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  ::_exit(127);
}

}  // namespace

std::string ExitStatus::text() const {
  return (by_signal ? "signal " : "status ") + std::to_string(value);
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const ChildOptions& options) {
  auto argument_texts = arguments;
  auto environment_texts = environment_with(options.environment);
  const auto argument_pointers = pointers_to(argument_texts);
  const auto environment_pointers = pointers_to(environment_texts);
  const sys::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw sys::SystemError(sys::last_error("open", "/dev/null"));
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw sys::SystemError(sys::last_error("fork", arguments[0]));
  if (pid_ == 0) {
    become(parent, options, null.number(), argument_pointers.data(), environment_pointers.data());
  }
  // In both, so that it holds whoever runs first.
  ::setpgid(pid_, pid_);
  pidfd_ = sys::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) throw sys::SystemError(sys::last_error("pidfd_open", arguments[0]));
}

ChildProcess::~ChildProcess() {
  // Once it is waited for, its number may belong to another.
  if (status_) return;
  ::kill(-pid_, SIGKILL);
  wait(std::chrono::milliseconds{-1});
}

void ChildProcess::send(int signal) const {
  if (!status_) ::kill(pid_, signal);
}

std::optional<ExitStatus> ChildProcess::wait(std::chrono::milliseconds limit) {
  if (status_) return status_;
  pollfd ended{.fd = pidfd_.number(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&ended, 1, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return std::nullopt;
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.number()), &info, WEXITED) != 0) return std::nullopt;
  status_ = ExitStatus{.by_signal = info.si_code != CLD_EXITED, .value = info.si_status};
  return status_;
}

ExitStatus ChildProcess::terminate(std::chrono::milliseconds limit) {
  send(SIGTERM);
  if (!wait(limit)) {
    ::kill(-pid_, SIGKILL);
    wait(std::chrono::milliseconds{-1});
  }
  return *status_;
}

}  // namespace dropwarden::test

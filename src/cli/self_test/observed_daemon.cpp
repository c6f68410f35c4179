// SPDX-License-Identifier: Apache-2.0
#include "observed_daemon.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::cli {
namespace {

std::pair<sys::Fd, sys::Fd> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw sys::SystemError(sys::last_error("pipe2"));
  return {sys::Fd{ends[0]}, sys::Fd{ends[1]}};
}

}  // namespace

ObservedDaemon::ObservedDaemon(const std::filesystem::path& config_file) {
  auto [output_read, output_write] = open_pipe();
  auto [log_read, log_write] = open_pipe();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, output_write.number(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, log_write.number(), STDERR_FILENO);
  std::string config = config_file.string();
  std::array<const char*, 7> arguments{"dropwarden", "run",    "--config", config.c_str(),
                                       "--format",   "native", nullptr};
  const int error = ::posix_spawn(&child_, "/proc/self/exe", &actions, nullptr,
                                  const_cast<char* const*>(arguments.data()), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw sys::SystemError({"posix_spawn", "/proc/self/exe", error});
  output_.pipe = std::move(output_read);
  log_.pipe = std::move(log_read);
}

ObservedDaemon::~ObservedDaemon() {
  ::kill(child_, SIGTERM);
  // It must not be able to hold us up: what it does not do in two seconds, SIGKILL does.
  wait([] { return false; }, std::chrono::seconds{2});
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ObservedDaemon::Stream::read() {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(pipe.number(), buffer.data(), buffer.size());
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) return pipe.reset();
  rest.append(buffer.data(), static_cast<std::size_t>(got));
  for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
    lines.push_back(rest.substr(0, end));
    rest.erase(0, end + 1);
  }
}

bool ObservedDaemon::wait(const std::function<bool()>& is_enough, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!is_enough()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || (!output_.pipe && !log_.pipe)) return false;
    std::array<pollfd, 2> polled{pollfd{output_.pipe.number(), POLLIN, 0},
                                 pollfd{log_.pipe.number(), POLLIN, 0}};
    ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    if (polled[0].revents != 0) output_.read();
    if (polled[1].revents != 0) log_.read();
  }
  return true;
}

}  // namespace dropwarden::cli

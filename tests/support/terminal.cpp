// SPDX-License-Identifier: Apache-2.0
#include "support/terminal.hpp"

#include <array>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child.hpp"

namespace dropwarden::test {

std::string print_on_a_terminal(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  int master = -1;
  const struct winsize size{.ws_row = 24, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
  const pid_t child = ::forkpty(&master, nullptr, nullptr, &size);
  require(child >= 0, "forkpty");
  if (child == 0) {
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  std::string printed;
  std::array<char, 4096> bytes;
  while (true) {
    struct pollfd readable{.fd = master, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 30'000) <= 0) break;
    const ssize_t got = ::read(master, bytes.data(), bytes.size());
    if (got <= 0) break;
    printed.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ::close(master);
  ::waitpid(child, nullptr, 0);
  return printed;
}

}  // namespace dropwarden::test

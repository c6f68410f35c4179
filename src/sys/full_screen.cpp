// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/full_screen.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace dropwarden::sys {
namespace {

// DECSET of xterm: 1049 is the alternate screen, 25 the cursor, 7 lines that wrap.
constexpr std::string_view begin = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view end = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l";

constexpr std::array crashes{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};

// For the handler of a crash, which has nothing else.
struct Saved {
  int out = -1;
  struct termios settings{};
};
Saved saved;

// Calls what may be called there (signal-safety(7)); returning runs into the same fault, now with its
// default.
void give_back_after_crash(int signal) {
  if (saved.out >= 0) {
    [[maybe_unused]] const auto written = ::write(saved.out, end.data(), end.size());
    ::tcsetattr(saved.out, TCSANOW, &saved.settings);
  }
  ::raise(signal);
}

void handle_crashes() {
  struct sigaction action{};
  action.sa_handler = &give_back_after_crash;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  for (const int signal : crashes) ::sigaction(signal, &action, nullptr);
}

sigset_t handled_signals() {
  sigset_t signals{};
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT})
    ::sigaddset(&signals, signal);
  return signals;
}

}  // namespace

FullScreen::FullScreen(int in, int out) : in_(in), out_(out) {
  if (::tcgetattr(in_, &saved.settings) != 0) throw SystemError(last_error("tcgetattr", "standard input"));
  if (::isatty(out_) == 0) throw SystemError(last_error("isatty", "standard output"));
  const sigset_t signals = handled_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  signals_ = Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw SystemError(last_error("signalfd"));
  handle_crashes();
  enter();
}

FullScreen::~FullScreen() {
  leave();
}

void FullScreen::enter() {
  saved.out = out_;
  struct termios raw = saved.settings;
  // ISIG stays: ^C and ^Z are signals, as everywhere.
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(in_, TCSADRAIN, &raw);
  draw(begin);
}

void FullScreen::leave() {
  // The terminal may be gone: then there is nothing to give back.
  [[maybe_unused]] const auto written = ::write(out_, end.data(), end.size());
  // What was typed and not read is no command for the shell.
  ::tcsetattr(in_, TCSAFLUSH, &saved.settings);
  saved.out = -1;
}

FullScreen::Size FullScreen::size() const {
  struct winsize size{};
  if (::ioctl(out_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.rows = size.ws_row, .columns = size.ws_col};
}

void FullScreen::draw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(out_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    struct pollfd polled{out_, POLLOUT, 0};
    if (errno == EAGAIN)
      ::poll(&polled, 1, -1);
    else if (errno != EINTR)
      throw SystemError(last_error("write", "standard output"));
  }
}

FullScreen::Wake FullScreen::wait(int other, std::chrono::milliseconds time) {
  std::array<struct pollfd, 3> polled{{{in_, POLLIN, 0}, {signals_.number(), POLLIN, 0}, {other, POLLIN, 0}}};
  if (::poll(polled.data(), polled.size(), static_cast<int>(time.count())) <= 0) return {};
  Wake wake;
  if (polled[1].revents != 0) wake.is_end = take_signal();
  if (polled[0].revents != 0) {
    std::array<char, 256> keys{};
    const ssize_t got = ::read(in_, keys.data(), keys.size());
    if (got > 0)
      wake.keys.assign(keys.data(), static_cast<std::size_t>(got));
    else if (got == 0 || errno != EAGAIN)
      wake.is_end = true;
  }
  return wake;
}

// True: the process is to end.
bool FullScreen::take_signal() {
  struct signalfd_siginfo signal{};
  while (::read(signals_.number(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
    switch (static_cast<int>(signal.ssi_signo)) {
      case SIGWINCH:
      case SIGCONT:
        continue;
      case SIGTSTP:
        leave();
        ::raise(SIGSTOP);
        enter();
        continue;
      default:
        return true;
    }
  }
  return false;
}

}  // namespace dropwarden::sys

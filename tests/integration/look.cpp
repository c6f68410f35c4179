// SPDX-License-Identifier: Apache-2.0
// What looks into the store: as programs of their own, on a terminal and beside whoever writes.
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/store/store.hpp"
#include "dropwarden/sys/fd.hpp"

#include "support/child_process.hpp"
#include "support/daemon.hpp"
#include "support/temporary_directory.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr auto limit = 30s;

store::StoredFinding finding(int number, const std::string& path, unsigned revision = 1) {
  store::StoredFinding made;
  made.id = std::string(31, '0') + std::to_string(number);
  made.revision = revision;
  made.container = "c0ffee";
  made.name = "web";
  made.file_system = "rootfs";
  made.path = path;
  made.path_state = "live";
  made.kind = "elf";
  made.detected_by = "close_write";
  made.seen = util::WallTime{std::chrono::system_clock::now()};
  made.record = R"({"id":")" + made.id + R"(","revision":)" + std::to_string(revision) + R"(,"time":")" +
                util::format_rfc3339(made.seen) +
                R"(","signature":{"severity":2},"event":{"container":{"name":"web"},"file":{"path":")" +
                path + R"(","path_state":"live","kind":"elf"}}})";
  return made;
}

class Look : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() / name; }
  std::string database() const { return path("state.db"); }
  std::unique_ptr<store::Store> open() {
    return std::make_unique<store::Store>(store::Settings{.path = database()},
                                          [](const store::Store::Report&) {});
  }
  std::string configuration() const {
    std::ofstream(path("dropwarden.yaml")) << "control:\n  socket: " << path("control.sock") << "\n";
    return path("dropwarden.yaml");
  }

 private:
  TemporaryDirectory directory_;
};

// A program on a terminal of its own.
class OnTerminal {
 public:
  OnTerminal(const std::vector<std::string>& arguments, unsigned short rows, unsigned short columns) {
    struct winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    int main_end = -1;
    int other_end = -1;
    if (::openpty(&main_end, &other_end, nullptr, nullptr, &size) != 0) throw std::runtime_error("openpty");
    main_ = sys::Fd(main_end);
    // Held open, so that the settings can be read when the program has ended.
    terminal_ = sys::Fd(other_end);
    ::tcgetattr(terminal_.number(), &before_);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::login_tty(::dup(other_end));
      ::setenv("TERM", "xterm-256color", 1);
      std::vector<char*> argv;
      for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }
  ~OnTerminal() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  void type(const std::string& keys) const {
    ASSERT_EQ(::write(main_.number(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void resize(unsigned short rows, unsigned short columns) const {
    const struct winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(main_.number(), TIOCSWINSZ, &size);
  }
  void send(int signal) const { ::kill(pid_, signal); }

  // The newest whole screen holds it.
  bool wait_for(const std::string& text) {
    return wait_for_screen([&](const std::string& screen) { return screen.find(text) != std::string::npos; });
  }
  template <class IsWanted>
  bool wait_for_screen(IsWanted is_wanted) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
      if (is_wanted(screen())) return true;
      read_some();
    }
    ADD_FAILURE() << "the last screen: " << screen();
    return false;
  }
  const std::string& bytes() const { return bytes_; }

  // How it ended; the terminal has to be as it was.
  ExitStatus wait_for_end() {
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      read_some();  // it waits for the terminal to take all
      if (std::chrono::steady_clock::now() > deadline) return {.by_signal = true, .value = -1};
    }
    pid_ = -1;
    for (int before = -1, now = 0; before != now; now = static_cast<int>(bytes_.size())) {
      before = static_cast<int>(bytes_.size());
      read_some();
    }
    struct termios after{};
    ::tcgetattr(terminal_.number(), &after);
    EXPECT_EQ(after.c_lflag, before_.c_lflag);
    EXPECT_EQ(after.c_iflag, before_.c_iflag);
    EXPECT_TRUE(bytes_.ends_with("\x1b[?1049l")) << "the screen of before, the cursor, lines that wrap";
    return WIFSIGNALED(status) ? ExitStatus{.by_signal = true, .value = WTERMSIG(status)}
                               : ExitStatus{.by_signal = false, .value = WEXITSTATUS(status)};
  }

 private:
  std::string screen() const {
    const auto at = bytes_.rfind("\x1b[H");
    return at == std::string::npos ? std::string() : bytes_.substr(at);
  }
  void read_some() {
    struct pollfd polled{main_.number(), POLLIN, 0};
    if (::poll(&polled, 1, 100) <= 0) return;
    std::array<char, 65536> buffer{};
    const ssize_t got = ::read(main_.number(), buffer.data(), buffer.size());
    if (got > 0) bytes_.append(buffer.data(), static_cast<std::size_t>(got));
  }

  sys::Fd main_;
  sys::Fd terminal_;
  struct termios before_{};
  pid_t pid_ = -1;
  std::string bytes_;
};

TEST_F(Look, WatchShowsWhatComesAndTakesKeysAndSizes) {
  const auto store = open();
  store->save(finding(1, "/usr/bin/first"));
  ASSERT_TRUE(test::wait_for([&] { return std::filesystem::exists(database() + "-wal"); }, limit));
  OnTerminal watch({dropwarden_binary(), "watch", "--store", database(), "--config", configuration()}, 24,
                   100);
  ASSERT_TRUE(watch.wait_for("/usr/bin/first"));
  ASSERT_TRUE(watch.wait_for("no daemon answers"));
  store->save(finding(2, "/tmp/second"));
  ASSERT_TRUE(watch.wait_for("/tmp/second")) << "as it comes";
  watch.type("/usr\r");
  ASSERT_TRUE(watch.wait_for("with \"usr\""));
  ASSERT_TRUE(watch.wait_for_screen([](const std::string& screen) {
    return screen.ends_with("\x1b[J") && screen.find("/tmp/second") == std::string::npos;
  }));
  watch.resize(12, 140);
  ASSERT_TRUE(watch.wait_for_screen([](const std::string& screen) {
    return screen.ends_with("\x1b[J") && std::ranges::count(screen, '\n') == 11;
  }));
  watch.type("q");
  const auto end = watch.wait_for_end();
  EXPECT_TRUE(end.is_success()) << end.text();
}

TEST_F(Look, WatchGivesTheTerminalBackHoweverItEnds) {
  open();
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGSEGV, SIGABRT}) {
    OnTerminal watch({dropwarden_binary(), "watch", "--store", database(), "--config", configuration()}, 24,
                     80);
    ASSERT_TRUE(watch.wait_for("q quit"));
    watch.send(signal);
    const bool is_crash = signal == SIGSEGV || signal == SIGABRT;
    const auto end = watch.wait_for_end();
    EXPECT_EQ(end.by_signal, is_crash) << signal << ": " << end.text();
    EXPECT_EQ(end.value, is_crash ? signal : 0);
  }
}

TEST_F(Look, WatchNeedsATerminal) {
  open();
  const auto result = run_dropwarden({"watch", "--store", database()});
  EXPECT_EQ(result.status.value, 2);
  EXPECT_THAT(result.error, HasSubstr("findings --follow"));
}

TEST_F(Look, FollowPrintsWhatIsStoredFromNowOnAlsoInANewDatabase) {
  auto store = open();
  store->save(finding(1, "/before"));
  ASSERT_TRUE(test::wait_for(
      [&] {
        return run_dropwarden({"findings", "--store", database()}).output.find("/before") !=
               std::string::npos;
      },
      limit));
  const sys::Fd output{::open(path("output").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  ChildProcess follow({dropwarden_binary(), "findings", "--store", database(), "--follow", "--json"},
                      {.output = output.number(), .error = -1, .environment = {}});
  const auto printed = [&] {
    std::ifstream in(path("output"));
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  // It has begun when it prints a finding; which of those that are stored until then is a matter of time.
  int number = 2;
  ASSERT_TRUE(test::wait_for(
      [&] {
        store->save(finding(2, "/now", static_cast<unsigned>(number++)));
        return printed().find("/now") != std::string::npos;
      },
      limit));
  EXPECT_THAT(printed(), Not(HasSubstr("/before")));
  store->save(finding(3, "/once"));
  ASSERT_TRUE(test::wait_for([&] { return printed().find("/once") != std::string::npos; }, limit));
  store->finish();
  store.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code missing;
    std::filesystem::rename(database() + suffix, database() + ".damaged" + suffix, missing);
  }
  store = open();
  store->save(finding(4, "/in-a-new-one"));
  ASSERT_TRUE(test::wait_for([&] { return printed().find("/in-a-new-one") != std::string::npos; }, limit));
  const std::string all = printed();
  EXPECT_EQ(all.find("/once"), all.rfind("/once")) << "nothing twice";
  EXPECT_TRUE(follow.is_running());
}

}  // namespace
}  // namespace dropwarden::test

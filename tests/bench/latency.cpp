// SPDX-License-Identifier: Apache-2.0
// How long it takes from the close of a dropped program to its finding, with container, process, origin and
// hash, on the daemon's standard output; beside it, in turn, how long a bare reader takes from that close to
// having read the file's first bytes. Needs root; the container is a child process on an overlay of its own,
// in a cgroup that is named as one of docker's.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "dropwarden/sys/fd.hpp"

#include "box.hpp"
#include "machine.hpp"
#include "support/child.hpp"
#include "support/child_process.hpp"
#include "support/container_root.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/memory_directory.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

constexpr int drops_in_a_block = 50;
constexpr int blocks = 10;
constexpr std::size_t size_of_drop = std::size_t{16} << 10U;
constexpr auto pause = 5ms;  // the reader is idle when the next one comes

std::int64_t now() {
  struct timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// When each file was closed, told by the writer.
struct Clock {
  std::array<std::atomic<std::int64_t>, drops_in_a_block> closed;
};

// A container as far as the monitor can tell.
class Container {
 public:
  explicit Container(const std::string& merged, Clock& clock)
      : child_([&merged, &clock](Line& line) {
          enter_container_root(merged);
          while (line.hear() != "end") drop(clock, line);
        }),
        cgroups_(make_docker_cgroups(child_.pid(), container_number)) {}
  ~Container() {
    child_.line().tell("end");
    child_.wait();
    remove_docker_cgroups(cgroups_);
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  void drop() {
    child_.line().tell("go");
    child_.line().hear();
  }

 private:
  static constexpr unsigned container_number = 0x1a7;

  static void drop(Clock& clock, Line& line) {
    std::string content = read_file("/etc/program");
    for (int i = 0; i < drops_in_a_block; ++i) {
      const std::string path = "/tmp/" + std::to_string(i);
      ::unlink(path.c_str());
      std::this_thread::sleep_for(pause);
      const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
      require(::write(file, content.data(), content.size()) > 0, "write");
      // Before the call: the reader may be faster than the writer's return from it.
      clock.closed[static_cast<std::size_t>(i)] = now();
      ::close(file);
    }
    line.tell("done");
  }

  Child child_;
  std::vector<std::string> cgroups_;
};

// A process that creates, writes and closes files in the same container as fast as it can.
class Storm {
 public:
  explicit Storm(const std::string& merged)
      : child_([&merged](Line&) {
          enter_container_root(merged);
          const std::string content(100, 'x');
          for (unsigned i = 0;; ++i) {
            const std::string path = "/tmp/storm" + std::to_string(i % 1000);
            const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
            require(file >= 0 && ::write(file, content.data(), content.size()) > 0, "write");
            ::close(file);
          }
        }) {}

 private:
  Child child_;
};

double quantile_of(std::vector<double> values, double quantile) {
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(quantile * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

// Has a block of drops made and notes when `next` tells of each: its number, -1 for something else, -2 for
// the end.
std::vector<double> time_block(Container& container, Clock& clock, const std::function<int()>& next) {
  std::vector<std::int64_t> seen(drops_in_a_block, 0);
  std::thread reader([&] {
    for (int left = drops_in_a_block; left > 0;) {
      const int number = next();
      if (number == -2) return;
      if (number < 0 || seen[static_cast<std::size_t>(number)] != 0) continue;
      seen[static_cast<std::size_t>(number)] = now();
      --left;
    }
  });
  container.drop();
  reader.join();
  std::vector<double> times;
  for (int i = 0; i < drops_in_a_block; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (seen[at] != 0) times.push_back(static_cast<double>(seen[at] - clock.closed[at]) / 1000);
  }
  return times;
}

bool is_ready(int descriptor, std::chrono::milliseconds limit = 3s) {
  struct pollfd entry{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, static_cast<int>(limit.count())) == 1;
}

// The floor: what fanotify itself takes, with the read of the first bytes. Files are numbered in their order.
std::vector<double> time_reader(Container& container, Clock& clock, const std::string& merged) {
  const sys::Fd group(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC,
                                      O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK | O_NOATIME));
  require(::fanotify_mark(group.number(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CLOSE_WRITE, AT_FDCWD,
                          merged.c_str()) == 0,
          "fanotify_mark");
  int number = 0;
  return time_block(container, clock, [&] {
    if (!is_ready(group.number())) return -2;
    struct fanotify_event_metadata event{};
    require(::read(group.number(), &event, sizeof event) == sizeof event, "read");
    const sys::Fd file(event.fd);
    std::array<char, 256> first{};
    require(::pread(file.number(), first.data(), first.size(), 0) > 0, "pread");
    return number++;
  });
}

// Lines of the daemon's standard output.
class Lines {
 public:
  explicit Lines(int pipe) : pipe_(pipe) {}
  // Passes over what comes until nothing has come for a while.
  void drain() {
    std::array<char, 65536> buffer;
    while (is_ready(pipe_, 500ms) && ::read(pipe_, buffer.data(), buffer.size()) > 0) text_.clear();
  }
  // The number in the path of the next record; -1 for another, -2 when there is none for 3 s.
  int next() {
    std::size_t end = 0;
    while ((end = text_.find('\n')) == std::string::npos) {
      std::array<char, 65536> buffer;
      if (!is_ready(pipe_)) return -2;
      const ssize_t got = ::read(pipe_, buffer.data(), buffer.size());
      if (got <= 0) return -2;
      text_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    constexpr std::string_view key = "\"data\":{\"path\":\"/tmp/";
    const auto at = line.find(key);
    return at == std::string::npos ? -1 : std::atoi(line.c_str() + at + key.size());
  }

 private:
  int pipe_;
  std::string text_;
};

void print(const char* name, const std::vector<double>& times, double floor) {
  fmt::print("  {:<34}{:>8}{:>10.0f}{:>10.0f}{:>10.0f}{:>10.1f}\n", name, times.size(),
             quantile_of(times, 0.5), quantile_of(times, 0.99), quantile_of(times, 1),
             quantile_of(times, 0.5) / floor);
}

boost::json::object json_of(const std::vector<double>& times) {
  return {{"count", times.size()},
          {"p50", quantile_of(times, 0.5)},
          {"p99", quantile_of(times, 0.99)},
          {"max", quantile_of(times, 1)}};
}

int run(const std::string& json) {
  if (::geteuid() != 0) {
    fmt::print("SKIP privilege: needs root\n");
    return 77;
  }
  auto* clock = static_cast<Clock*>(
      ::mmap(nullptr, sizeof(Clock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  require(clock != MAP_FAILED, "mmap");
  const MemoryDirectory directory;
  for (const char* name : {"overlay", "daemon"}) std::filesystem::create_directory(directory.path(name));
  const TestOverlay overlay(directory.path("overlay"));
  std::string program = read_file(dropwarden_binary()).substr(0, size_of_drop);
  write_file(overlay.lower() + "/etc/program", program);
  Container container(overlay.merged(), *clock);

  std::array<int, 2> ends{};
  require(::pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
  const sys::Fd output(ends[0]);
  sys::Fd daemon_output(ends[1]);
  const std::string log = directory.path("daemon/log");
  const sys::Fd errors(::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  std::filesystem::permissions(directory.path(""), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  std::filesystem::permissions(directory.path("daemon"), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  write_file(directory.path("daemon/dropwarden.yaml"), make_configuration(directory.path("daemon"), {}));
  ChildProcess daemon({dropwarden_binary(), "run", "--config", directory.path("daemon/dropwarden.yaml")},
                      {.output = daemon_output.number(), .error = errors.number(), .environment = {}});
  daemon_output.reset();
  require(wait_for([&] { return read_file(log).find("ready ") != std::string::npos; }, 20s), "wait");

  Lines lines(output.number());
  std::vector<double> floor;
  std::vector<double> whole;
  const auto add = [](std::vector<double>& to, const std::vector<double>& times) {
    to.insert(to.end(), times.begin(), times.end());
  };
  std::vector<double> stormy;
  for (int block = 0; block < blocks; ++block) {
    ::kill(-daemon.pid(), SIGSTOP);
    add(floor, time_reader(container, *clock, overlay.merged()));
    ::kill(-daemon.pid(), SIGCONT);
    lines.drain();
    add(whole, time_block(container, *clock, [&] { return lines.next(); }));
    const Storm storm(overlay.merged());
    add(stormy, time_block(container, *clock, [&] { return lines.next(); }));
  }
  fmt::print(
      "{} drops of {} KiB each, one at a time; microseconds from close(2).\n\n  "
      "{:<34}{:>8}{:>10}{:>10}{:>10}{:>10}\n",
      blocks * drops_in_a_block, size_of_drop >> 10U, "", "seen", "p50", "p99", "max", "of reader");
  print("a bare reader, first bytes read", floor, quantile_of(floor, 0.5));
  print("finding on standard output", whole, quantile_of(floor, 0.5));
  print("the same, while files are created", stormy, quantile_of(floor, 0.5));
  if (!json.empty()) {
    const boost::json::object all{{"machine", describe_machine()},
                                  {"reader_us", json_of(floor)},
                                  {"finding_us", json_of(whole)},
                                  {"finding_in_storm_us", json_of(stormy)}};
    write_file(json, boost::json::serialize(all) + "\n");
  }
  return daemon.terminate(10s).is_success() ? 0 : 1;
}

}  // namespace
}  // namespace dropwarden::test

// The one argument names a file for JSON.
int main(int count, char** arguments) {
  return dropwarden::test::run(count > 1 ? arguments[1] : "");
}

// SPDX-License-Identifier: Apache-2.0
// What it costs to see what containers execute: a process that starts the smallest programs, one after the
// other, on an overlay without a mark, with a mark for closes alone, and with one for executions too, which
// are judged as the monitor does. Needs CAP_SYS_ADMIN; everything happens in a mount namespace of its own.
#include <array>
#include <atomic>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/clock.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/watch/features.hpp"
#include "dropwarden/watch/group.hpp"

#include "mark_bench.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

constexpr unsigned programs_in_a_block = 300;
constexpr int blocks = 21;

// Starts programs on demand in the container.
class Starter {
 public:
  explicit Starter(const std::string& merged, const char* program)
      : child_([merged, program](Line& line) {
          enter_container_root(merged);
          line.tell("entered");
          while (true) {
            const auto programs = static_cast<unsigned>(std::stoul(line.hear()));
            if (programs == 0) return;
            const double before = cpu_of_process();
            for (unsigned i = 0; i < programs; ++i) run(program);
            line.tell(std::to_string((cpu_of_process() - before) / programs));
          }
        }) {
    child_.line().hear();
  }
  ~Starter() {
    child_.line().tell("0");
    child_.wait();
  }
  Starter(const Starter&) = delete;
  Starter& operator=(const Starter&) = delete;

  double start(unsigned programs) {
    child_.line().tell(std::to_string(programs));
    return std::stod(child_.line().hear());
  }

 private:
  static void run(const char* program) {
    std::array arguments{const_cast<char*>("busybox"), const_cast<char*>("true"),
                         static_cast<char*>(nullptr)};
    pid_t child = 0;
    require(::posix_spawn(&child, program, nullptr, nullptr, arguments.data(), environ) == 0, "posix_spawn");
    int status = 0;
    require(::waitpid(child, &status, 0) == child && status == 0, "waitpid");
  }

  Child child_;
};

enum class Way { none, closes, executions };
constexpr std::array ways{Way::none, Way::closes, Way::executions};

// Reads a group as the monitor does, on a thread of its own.
class Reader {
 public:
  Reader(privilege::Privilege& privilege, const std::string& merged, Way way) {
    const auto features = sys::value_or_throw(watch::probe_features(
        [&](unsigned flags, unsigned event_flags) { return privilege.open_group(flags, event_flags); }));
    group_.emplace(
        loop_,
        sys::value_or_throw(privilege.open_group(watch::group_flags(features), watch::group_event_flags())),
        features.has_fd_error,
        watch::Group::Handler{.on_file = [this](const watch::FileEvent& event) { on_file(event); },
                              .on_loss = [](model::Loss, model::Pid, int) {},
                              .on_failure = [](const sys::Error&) {}});
    const auto mask =
        way == Way::executions ? watch::close_write_mask() | watch::exec_mask() : watch::close_write_mask();
    const auto since = sys::read_file_time();
    const auto identity = sys::value_or_throw(privilege.mark_file_system(
        group_->descriptor(), privilege::MountPoint{merged}, mask, monitor::overlay_magic));
    monitor::WatchedMount mount;
    mount.device = {identity.device_major, identity.device_minor};
    mount.coverage = mount::Coverage::file_system;
    mounts_.set_marked(mounts_.add(std::move(mount), {}), since);
    group_->start();
    thread_ = std::thread([this] {
      const double before = cpu_of_thread();
      loop_.run();
      cpu_ = cpu_of_thread() - before;
    });
  }
  ~Reader() { stop(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(loop_, [this] {
      group_->stop();
      work_.reset();
    });
    thread_.join();
  }
  double cpu_microseconds() const { return cpu_; }
  std::uint64_t executed() const { return executed_; }

 private:
  void on_file(const watch::FileEvent& event) {
    const auto status = sys::read_status(event.file.number());
    const monitor::WatchedMount* mount =
        status ? mounts_.find_current({status->device_major, status->device_minor}, {status->mount_id})
               : nullptr;
    if (mount != nullptr && status->changed < mount->marked_since) ++executed_;
  }

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::optional<watch::Group> group_;
  monitor::WatchedMounts mounts_;
  std::uint64_t executed_ = 0;
  double cpu_ = 0;
  std::thread thread_;
};

struct Run {
  std::vector<double> starter;
  double reader = 0;
  std::uint64_t executed = 0;
};

void measure(Run& run, Way way, privilege::Privilege& privilege, const std::string& merged,
             Starter& starter) {
  std::optional<Reader> reader;
  if (way != Way::none) reader.emplace(privilege, merged, way);
  run.starter.push_back(starter.start(programs_in_a_block));
  if (!reader) return;
  reader->stop();
  run.reader += reader->cpu_microseconds();
  run.executed += reader->executed();
}

int run() {
  if (const auto reason = try_enter_private_mounts()) {
    fmt::print("SKIP privilege: needs CAP_SYS_ADMIN: {}\n", *reason);
    return 77;
  }
  TestOverlay overlay(make_scratch_directory());
  std::filesystem::create_directory(overlay.merged() + "/bin");
  std::filesystem::copy_file("/bin/busybox", overlay.merged() + "/bin/busybox");
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  const auto privilege = privilege::make_direct({.host_process = ::getpid()});
  Starter starter(overlay.merged(), "/bin/busybox");
  std::map<Way, Run> runs;
  for (int block = 0; block < blocks; ++block) {
    for (const Way way : ways) measure(runs[way], way, *privilege, overlay.merged(), starter);
  }
  const double base = median(runs[Way::none].starter);
  constexpr double programs = static_cast<double>(blocks) * programs_in_a_block;
  constexpr std::array names{"no mark", "closes", "closes and executions"};
  fmt::print("{} blocks of {} programs in turn for each way to mark; medians of CPU time.\n\n", blocks,
             programs_in_a_block);
  fmt::print("  {:<24}{:>12}{:>10}{:>12}{:>12}\n", "", "us/program", "against", "reader us", "events");
  for (const Way way : ways) {
    const Run& run = runs[way];
    fmt::print("  {:<24}{:>12.1f}{:>10.3f}{:>12.1f}{:>12.2f}\n", names.at(static_cast<std::size_t>(way)),
               median(run.starter), median(run.starter) / base, run.reader / programs,
               static_cast<double>(run.executed) / programs);
  }
  return 0;
}

}  // namespace
}  // namespace dropwarden::test

int main() {
  return dropwarden::test::run();
}

// SPDX-License-Identifier: Apache-2.0
// How the volumes of containers can be marked: by the mount that the container has, or by the whole file
// system with the host's own mount left out (FAN_MARK_IGNORE_SURV). What each sees, and what it costs whom.
// Needs CAP_SYS_ADMIN; everything happens on a tmpfs in a mount namespace of its own, which stands for the
// file system that host and containers share.
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "dropwarden/sys/fanotify_abi.hpp"

#include "mark_bench.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

constexpr unsigned files_in_a_block = 2000;
constexpr int blocks = 15;

// The host's file system, mounted once (`host`): on it a volume, and the layers of a container's root.
struct Stage {
  std::string host = make_scratch_directory();
  std::unique_ptr<TestOverlay> overlay;

  Stage() {
    require(::mount("host", host.c_str(), "tmpfs", 0, "size=256m") == 0, "mount");
    for (const char* name : {"/volume", "/elsewhere", "/layers"})
      std::filesystem::create_directory(host + name);
    overlay = std::make_unique<TestOverlay>(host + "/layers");
    std::filesystem::create_directory(overlay->merged() + "/bound");
  }
  void enter_container() const {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    const std::string root = overlay->merged();
    require(::mount((host + "/volume").c_str(), (root + "/etc").c_str(), "", MS_BIND, nullptr) == 0, "mount");
    require(::mount(root.c_str(), root.c_str(), "", MS_BIND | MS_REC, nullptr) == 0, "mount");
    enter_container_root(root);
  }
};

// Ways to mark.
enum class Way { overlay_only, mount, file_system_but_host, file_system };
constexpr std::array ways{Way::overlay_only, Way::mount, Way::file_system_but_host, Way::file_system};
const char* name_of(Way way) {
  constexpr std::array names{"no volume marked", "mount mark", "fs mark, host ignored", "fs mark"};
  return names.at(static_cast<std::size_t>(way));
}

// Marks as dropwarden would: the overlay always.
std::unique_ptr<MarkedGroup> mark(Way way, const Stage& stage, int container) {
  auto group = std::make_unique<MarkedGroup>();
  group->mark(FAN_MARK_FILESYSTEM, stage.overlay->merged());
  if (way == Way::mount) group->mark(FAN_MARK_MOUNT, "/proc/" + std::to_string(container) + "/root/etc");
  if (way == Way::file_system || way == Way::file_system_but_host)
    group->mark(FAN_MARK_FILESYSTEM, stage.host);
  if (way == Way::file_system_but_host)
    group->mark(FAN_MARK_MOUNT | sys::fanotify_abi::mark_ignore_surviving, stage.host);
  return group;
}

struct Place {
  const char* name;
  std::function<void()> enter;
  std::string directory;
};

std::vector<Place> make_places(const Stage& stage) {
  const auto unshare = [] { require(::unshare(CLONE_NEWNS) == 0, "unshare"); };
  return {
      {"container, its volume", [&stage] { stage.enter_container(); }, "/etc"},
      {"container, a bind mount it made of the volume",
       [&stage] {
         stage.enter_container();
         require(::mount("/etc", "/bound", "", MS_BIND, nullptr) == 0, "mount");
       },
       "/bound"},
      {"container, in `unshare -m`, the volume",
       [&stage, unshare] {
         stage.enter_container();
         // The container's first process stays where it is: its mount is the one that is marked.
         if (const pid_t inner = ::fork(); inner != 0) {
           ::waitpid(inner, nullptr, 0);
           ::_exit(0);
         }
         unshare();
       },
       "/etc"},
      {"container, its root (overlay on the same fs)", [&stage] { stage.enter_container(); }, "/tmp"},
      {"host, the directory of the volume", [] {}, stage.host + "/volume"},
      {"host, elsewhere on the file system", [] {}, stage.host + "/elsewhere"},
      {"a service's private mount namespace, elsewhere", unshare, stage.host + "/elsewhere"},
  };
}

// Only a container has the mount that the mount mark is for.
struct Run {
  std::vector<double> writer;
  double reader = 0;
  std::uint64_t events = 0;
};

Run& measure(Run& run, Way way, const Stage& stage, Writer& writer, int container) {
  auto group = mark(way, stage, container);
  run.writer.push_back(writer.write(files_in_a_block));
  group->stop();
  run.reader += group->cpu_microseconds();
  run.events += group->events();
  return run;
}

void measure_place(const Stage& stage, const Place& place) {
  Writer writer(place.enter, place.directory);
  // Where the writer is no container, one stands by that has the volume.
  std::optional<Writer> container;
  const bool is_container = std::string_view(place.name).starts_with("container");
  if (!is_container) container.emplace([&stage] { stage.enter_container(); }, "/etc");
  const int pid = is_container ? writer.pid() : container->pid();
  std::map<Way, Run> runs;
  for (int block = 0; block < blocks; ++block) {
    for (const Way way : ways) measure(runs[way], way, stage, writer, pid);
  }
  const double base = median(runs[Way::overlay_only].writer);
  constexpr double files = static_cast<double>(blocks) * files_in_a_block;
  fmt::print("{}\n", place.name);
  for (const Way way : ways) {
    const Run& run = runs[way];
    fmt::print("  {:<24}{:>8.2f}{:>10.2f}{:>14.2f}{:>12}\n", name_of(way), median(run.writer),
               median(run.writer) / base, run.reader / files,
               run.events == 0 ? "-" : fmt::format("{:.2f}", static_cast<double>(run.events) / files));
  }
}

int run() {
  if (const auto reason = try_enter_private_mounts()) {
    fmt::print("SKIP privilege: needs CAP_SYS_ADMIN: {}\n", *reason);
    return 77;
  }
  const Stage stage;
  fmt::print(
      "{} blocks of {} files (create or truncate, write 100 bytes, close) in turn for each way to mark; "
      "medians.\n"
      "Repeated closes of one file merge while they wait in the queue: about 1 event a file is seen, 2 is "
      "double.\n\n"
      "  {:<24}{:>8}{:>10}{:>14}{:>12}\n",
      blocks, files_in_a_block, "", "writer", "against", "reader", "events");
  fmt::print("  {:<24}{:>8}{:>10}{:>14}{:>12}\n", "", "us/file", "none", "us/file", "per file");
  for (const Place& place : make_places(stage)) measure_place(stage, place);
  return 0;
}

}  // namespace
}  // namespace dropwarden::test

int main() {
  return dropwarden::test::run();
}

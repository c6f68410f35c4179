// SPDX-License-Identifier: Apache-2.0
// What a FID-mode mark on the file system under the upper layers costs (sensor B), beside the mark of the
// overlay (sensor A): by its mask, by what is done in the container, and for the host's own writers elsewhere
// on that file system. CPU time of the writer and of the readers, in turn in one run; only its ratios mean
// something. Needs CAP_SYS_ADMIN, mkfs.ext4, mount(8) and tar.
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <random>
#include <spawn.h>
#include <string>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/sys/fanotify_abi.hpp"

#include "mark_bench.hpp"
#include "support/child.hpp"
#include "support/command.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

constexpr unsigned files_in_a_block = 2000;

// Sensor B: which events, whether the file itself is named as well, and whether the host's mount is left out.
struct Upper {
  std::uint64_t mask = 0;
  bool is_host_ignored = false;
};

constexpr std::uint64_t attributes_and_moves = FAN_ATTRIB | FAN_MOVED_TO;

// A FID-mode group and a thread that reads it: record by record, without opening any. It rests 10 ms after
// each round, in which events of one file merge.
class UpperGroup {
 public:
  UpperGroup(const Upper& upper, const std::string& host)
      : group_(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE |
                                   FAN_REPORT_DFID_NAME | FAN_REPORT_FID | 0x1000U,
                               O_RDONLY)) {
    require(group_.number() >= 0, "fanotify_init");
    mark(FAN_MARK_FILESYSTEM, upper.mask, host);
    if (upper.is_host_ignored)
      mark(FAN_MARK_MOUNT | sys::fanotify_abi::mark_ignore_surviving, FAN_CLOSE_WRITE, host);
    reader_ = std::thread([this] { read_on(); });
  }
  ~UpperGroup() { stop(); }
  UpperGroup(const UpperGroup&) = delete;
  UpperGroup& operator=(const UpperGroup&) = delete;

  void stop() {
    is_stopping_ = true;
    if (reader_.joinable()) reader_.join();
  }
  std::uint64_t events() const { return events_; }
  double cpu_microseconds() const { return cpu_microseconds_; }

 private:
  void mark(unsigned flags, std::uint64_t mask, const std::string& path) const {
    require(::fanotify_mark(group_.number(), FAN_MARK_ADD | flags, mask, AT_FDCWD, path.c_str()) == 0,
            "fanotify_mark");
  }

  void read_on() {
    const double before = cpu_of_thread();
    std::array<char, 32768> buffer;
    struct pollfd entry{.fd = group_.number(), .events = POLLIN, .revents = 0};
    while (true) {
      const bool is_last = is_stopping_;
      if (!is_last) ::poll(&entry, 1, 10);
      if (!is_last) ::usleep(10'000);
      ssize_t got = 0;
      while ((got = ::read(group_.number(), buffer.data(), buffer.size())) > 0) {
        for (char* at = buffer.data(); got >= static_cast<ssize_t>(FAN_EVENT_METADATA_LEN);) {
          struct fanotify_event_metadata event{};
          std::memcpy(&event, at, sizeof event);
          ++events_;
          at += event.event_len;
          got -= event.event_len;
        }
      }
      if (is_last) break;
    }
    cpu_microseconds_ = cpu_of_thread() - before;
  }

  sys::Fd group_;
  std::atomic<bool> is_stopping_ = false;
  std::uint64_t events_ = 0;
  double cpu_microseconds_ = 0;
  std::thread reader_;
};

void write_one(const std::string& path, int flags) {
  static const std::string content(100, 'x');
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0644);
  require(file >= 0 && ::write(file, content.data(), content.size()) > 0, "write");
  ::close(file);
}

// What is done, in a directory that is new for each block.
using Work = std::function<void(const std::string& directory, unsigned files)>;

void create_files(const std::string& directory, unsigned files) {
  for (unsigned i = 0; i < files; ++i) write_one(directory + "/f" + std::to_string(i), O_CREAT | O_EXCL);
}

void rewrite_files(const std::string& directory, unsigned files) {
  for (unsigned i = 0; i < files; ++i) write_one(directory + "/../kept/f" + std::to_string(i), O_TRUNC);
}

void make_temporary_files(const std::string& directory, unsigned files) {
  for (unsigned i = 0; i < files; ++i) {
    const std::string path = directory + "/f" + std::to_string(i);
    write_one(path, O_CREAT | O_EXCL);
    require(::unlink(path.c_str()) == 0, "unlink");
  }
}

// As dpkg, install(1) or rsync do.
void install_files(const std::string& directory, unsigned files) {
  for (unsigned i = 0; i < files; ++i) {
    const std::string path = directory + "/f" + std::to_string(i);
    const std::string part = path + ".part";
    write_one(part, O_CREAT | O_EXCL);
    require(::chmod(part.c_str(), 0755) == 0 && ::rename(part.c_str(), path.c_str()) == 0, "rename");
  }
}

void run_tool(std::vector<std::string> arguments) {
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  pid_t pid = -1;
  require(::posix_spawnp(&pid, words.front(), nullptr, nullptr, words.data(), environ) == 0, "posix_spawn");
  int status = 0;
  require(::waitpid(pid, &status, 0) == pid && status == 0, "waitpid");
}

// Small files and nothing else to do, and files as a package has them, compressed.
constexpr unsigned packed_files = 500;
std::string archive(bool is_packed) {
  return scratch() + (is_packed ? "/archive.tar.gz" : "/archive.tar");
}
void unpack(const std::string& directory, unsigned /*files*/) {
  run_tool({"tar", "xf", archive(false), "-C", directory});
}
void unpack_package(const std::string& directory, unsigned /*files*/) {
  run_tool({"tar", "xzf", archive(true), "-C", directory});
}

void compile(const std::string& directory, unsigned /*files*/) {
  const std::string source = directory + "/x.c";
  const int file = ::open(source.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const std::string text = "#include <stdio.h>\nint main(void) { puts(\"x\"); return 0; }\n";
  require(file >= 0 && ::write(file, text.data(), text.size()) > 0, "write");
  ::close(file);
  for (int i = 0; i < 8; ++i)
    run_tool(
        {"env", "TMPDIR=" + directory, "gcc", "-O1", "-o", directory + "/x" + std::to_string(i), source});
}

struct Job {
  const char* name;
  Work work;
  unsigned files;  // in a block
  int blocks;
};

const std::vector<Job>& jobs() {
  static const std::vector<Job> all{
      {"create", create_files, files_in_a_block, 15},
      {"rewrite", rewrite_files, files_in_a_block, 15},
      {"create and unlink", make_temporary_files, files_in_a_block, 15},
      {"create, chmod, rename", install_files, files_in_a_block, 15},
      {"tar x, files of 4 KiB", unpack, files_in_a_block, 15},
      {"tar xz, files of 16 KiB", unpack_package, packed_files, 15},
      {"gcc", compile, 8, 9},
  };
  return all;
}

// A process that works on demand in new directories below `directory`.
class Worker {
 public:
  Worker(const Work& work, const std::string& directory)
      : child_([work, directory](Line& line) {
          std::filesystem::create_directories(directory + "/kept");
          create_files(directory + "/kept", files_in_a_block);
          line.tell("ready");
          while (true) {
            const auto files = static_cast<unsigned>(std::stoul(line.hear()));
            if (files == 0) break;
            const std::string block = directory + "/block";
            std::filesystem::create_directories(block);
            const double before = cpu_of_process();
            work(block, files);
            line.tell(std::to_string((cpu_of_process() - before) / files));
            line.hear();  // the marks are gone
            std::filesystem::remove_all(block);
            line.tell("clean");
          }
          std::filesystem::remove_all(directory + "/kept");
        }) {
    child_.line().hear();
  }
  ~Worker() {
    child_.line().tell("0");
    child_.wait();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  double work(unsigned files) {
    child_.line().tell(std::to_string(files));
    return std::stod(child_.line().hear());
  }
  void clean() {
    child_.line().tell("clean");
    child_.line().hear();
  }

 private:
  Child child_;
};

struct Way {
  const char* name;
  bool has_overlay = true;  // sensor A
  std::optional<Upper> upper;
};

const std::vector<Way>& container_ways() {
  static const std::vector<Way> ways{
      {"none", false, {}},
      {"A", true, {}},
      {"A, B: attrib, moved", true, Upper{attributes_and_moves, true}},
      {"A, B: + create", true, Upper{attributes_and_moves | FAN_CREATE, true}},
      {"A, B: + close_write", true, Upper{attributes_and_moves | FAN_CLOSE_WRITE, true}},
      {"A, B: all four", true, Upper{attributes_and_moves | FAN_CREATE | FAN_CLOSE_WRITE, true}},
  };
  return ways;
}

const std::vector<Way>& host_ways() {
  static const std::vector<Way> ways{
      {"none", false, {}},
      {"B: attrib, moved", false, Upper{attributes_and_moves, true}},
      {"B: + create", false, Upper{attributes_and_moves | FAN_CREATE, true}},
      {"B: + close_write, host ignored", false, Upper{attributes_and_moves | FAN_CLOSE_WRITE, true}},
      {"B: + close_write", false, Upper{attributes_and_moves | FAN_CLOSE_WRITE, false}},
  };
  return ways;
}

struct Run {
  std::vector<double> writer;
  double overlay_reader = 0;
  double upper_reader = 0;
  std::uint64_t overlay_events = 0;
  std::uint64_t upper_events = 0;
};

void measure(Run& run, const Way& way, const Job& job, Worker& worker, const std::string& host,
             const std::string& merged) {
  std::unique_ptr<MarkedGroup> overlay;
  std::unique_ptr<UpperGroup> upper;
  if (way.has_overlay) {
    overlay = std::make_unique<MarkedGroup>();
    overlay->mark(FAN_MARK_FILESYSTEM, merged);
  }
  if (way.upper) upper = std::make_unique<UpperGroup>(*way.upper, host);
  run.writer.push_back(worker.work(job.files));
  if (overlay) {
    overlay->stop();
    run.overlay_reader += overlay->cpu_microseconds();
    run.overlay_events += overlay->events();
  }
  if (upper) {
    upper->stop();
    run.upper_reader += upper->cpu_microseconds();
    run.upper_events += upper->events();
  }
  overlay.reset();
  upper.reset();
  worker.clean();
}

void measure_job(const Job& job, const std::vector<Way>& ways, const std::string& directory,
                 const std::string& host, const std::string& merged) {
  Worker worker(job.work, directory);
  std::vector<Run> runs(ways.size());
  for (int block = 0; block < job.blocks; ++block) {
    for (std::size_t turn = 0; turn < ways.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(block)) % ways.size();
      measure(runs[i], ways[i], job, worker, host, merged);
    }
  }
  const double none = median(runs[0].writer);
  const double bare = median(runs[1].writer);
  fmt::print("  {}\n", job.name);
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const Run& run = runs[i];
    const double writer = median(run.writer);
    const double files = static_cast<double>(job.blocks) * job.files;
    fmt::print("    {:<32}{:>9.2f}{:>8.2f}{:>8.2f}{:>9.2f}{:>7.2f}{:>9.2f}{:>7.2f}\n", ways[i].name, writer,
               writer / none, writer / bare, run.overlay_reader / files,
               static_cast<double>(run.overlay_events) / files, run.upper_reader / files,
               static_cast<double>(run.upper_events) / files);
  }
  std::fflush(stdout);
}

void measure_file_system(const char* name, const std::string& host) {
  std::filesystem::create_directory(host + "/layers");
  std::filesystem::create_directory(host + "/elsewhere");
  TestOverlay overlay(host + "/layers");
  fmt::print("{}, in the container\n", name);
  for (const Job& job : jobs())
    measure_job(job, container_ways(), overlay.merged() + "/tmp", host, overlay.merged());
  fmt::print("{}, the host elsewhere on the file system\n", name);
  for (const Job& job : jobs()) measure_job(job, host_ways(), host + "/elsewhere", host, overlay.merged());
}

void make_archive(bool is_packed) {
  const std::string tree = make_scratch_directory();
  // Text-like: it compresses to about a half.
  std::minstd_rand random(1);
  for (unsigned i = 0; i < (is_packed ? packed_files : files_in_a_block); ++i) {
    const std::string directory = tree + "/d" + std::to_string(i / 50);
    std::filesystem::create_directories(directory);
    std::string content(is_packed ? 16384 : 4096, ' ');
    for (char& byte : content) byte = static_cast<char>('a' + random() % 16);
    std::ofstream(directory + "/f" + std::to_string(i)) << content;
  }
  require_command({"tar", is_packed ? "czf" : "cf", archive(is_packed), "-C", tree, "."});
}

int run() {
  if (const auto reason = try_enter_private_mounts()) {
    fmt::print("SKIP privilege: needs CAP_SYS_ADMIN: {}\n", *reason);
    return 77;
  }
  for (const bool is_packed : {false, true}) make_archive(is_packed);
  fmt::print(
      "Blocks of {} files (gcc: 8 programs) in turn for each way; medians of the writer's CPU time, in "
      "microseconds a file.\n\n    {:<32}{:>9}{:>8}{:>8}{:>9}{:>7}{:>9}{:>7}\n",
      files_in_a_block, "", "writer", "/first", "/second", "A reader", "events", "B reader", "events");
  const std::string memory = make_scratch_directory();
  require(::mount("host", memory.c_str(), "tmpfs", 0, "size=512m") == 0, "mount");
  measure_file_system("tmpfs", memory);
  const std::string image = scratch() + "/ext4.img";
  const std::string disk = make_scratch_directory();
  write_one(image, O_CREAT);
  std::filesystem::resize_file(image, std::uintmax_t{512} << 20U);
  require_command({"mkfs.ext4", "-q", "-F", image});
  require_command({"mount", "-o", "loop", image, disk});
  measure_file_system("ext4 on a loop device in memory", disk);
  require(::umount2(disk.c_str(), MNT_DETACH) == 0, "umount");
  return 0;
}

}  // namespace
}  // namespace dropwarden::test

int main() {
  return dropwarden::test::run();
}

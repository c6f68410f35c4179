// SPDX-License-Identifier: Apache-2.0
#include "box.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <spawn.h>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/util/text.hpp"

#include "mark_bench.hpp"
#include "support/container_root.hpp"
#include "support/file.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

// A line is patient for 20 s, and a job may take longer.
std::string hear_at_last(Line& line) {
  while (true) {
    try {
      return line.hear();
    } catch (const sys::SystemError& error) {
      if (error.error().number != ETIMEDOUT) throw;
    }
  }
}

void make_device(const std::string& path, unsigned minor) {
  constexpr unsigned memory_devices = 1;
  ::unlink(path.c_str());
  require(::mknod(path.c_str(), S_IFCHR | 0666, ::makedev(memory_devices, minor)) == 0, "mknod");
}

// As a runtime sets a container up, and in its root.
void enter(const std::string& merged) {
  for (const char* name : {"/dev", "/proc", "/tmp", "/job"}) fs::create_directories(merged + name);
  make_device(merged + "/dev/null", 3);
  make_device(merged + "/dev/zero", 5);
  make_device(merged + "/dev/urandom", 9);
  require(::unshare(CLONE_NEWNS) == 0, "unshare");
  require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
  require(::mount("proc", (merged + "/proc").c_str(), "proc", 0, nullptr) == 0, "mount");
  enter_container_root(merged);
}

std::vector<fs::path> hierarchies() {
  const fs::path root = "/sys/fs/cgroup";
  if (fs::exists(root / "cgroup.controllers")) return {root};
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(root)) {
    // A cpuset takes nobody before it is told which processors it has.
    if (entry.is_directory() && entry.path().filename() != "cpuset") found.push_back(entry.path());
  }
  return found;
}

std::string measure(const Job& job) {
  const double cpu = cpu_of_process();
  const auto start = Steady::now();
  job.body(job.operations);
  const double wall = std::chrono::duration<double, std::micro>(Steady::now() - start).count();
  return fmt::format("{} {}", cpu_of_process() - cpu, wall);
}

// `p3` prepares the third job, `r3` runs it.
std::string follow(const std::vector<Job>& jobs, const std::string& order) {
  const Job& job = jobs.at(util::parse_number<std::size_t>(std::string_view(order).substr(1)).value());
  if (order.front() == 'r') return measure(job);
  if (job.prepare) job.prepare();
  return "prepared";
}

// The status that it ended with, as of waitpid(2); -1 when it could not be started.
int run_to_end(const std::vector<std::string>& arguments) {
  std::vector<std::string> texts = arguments;
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  int status = -1;
  if (error == 0) require(::waitpid(child, &status, 0) == child, "waitpid");
  return status;
}

}  // namespace

Box::Box(const std::string& directory, const std::vector<Job>& jobs, unsigned number, unsigned layers)
    : directory_(directory), merged_(directory + "/merged") {
  mount(layers);
  child_ = std::make_unique<Child>([&](Line& line) {
    enter(merged_);
    line.tell("entered");
    for (std::string order = hear_at_last(line); order != "end"; order = hear_at_last(line))
      line.tell(follow(jobs, order));
  });
  child_->line().hear();
  join_cgroup(number);
}

Box::~Box() {
  child_.reset();
  remove_docker_cgroups(cgroups_);
  ::umount2(merged_.c_str(), MNT_DETACH);
}

void Box::mount(unsigned layers) const {
  for (const char* name : {"/upper", "/work", "/merged", "/l"}) fs::create_directories(directory_ + name);
  // The kernel takes a page of options, so names are short.
  std::string lowers;
  for (unsigned i = 1; i < layers; ++i) {
    const std::string layer = directory_ + "/l/" + std::to_string(i);
    fs::create_directories(layer + "/layers");
    write_file(layer + "/layers/" + std::to_string(i), "a layer\n");
    lowers += layer + ":";
  }
  const std::string options =
      "lowerdir=" + lowers + "/,upperdir=" + directory_ + "/upper,workdir=" + directory_ + "/work";
  require(::mount("overlay", merged_.c_str(), "overlay", 0, options.c_str()) == 0, "mount");
}

void Box::join_cgroup(unsigned number) {
  cgroups_ = make_docker_cgroups(child_->pid(), number);
}

void Box::prepare(std::size_t job) {
  child_->line().tell("p" + std::to_string(job));
  hear_at_last(child_->line());
}

Spent Box::run(std::size_t job) {
  child_->line().tell("r" + std::to_string(job));
  const std::string answer = hear_at_last(child_->line());
  std::size_t end = 0;
  const double cpu = std::stod(answer, &end);
  return {.cpu = cpu, .wall = std::stod(answer.substr(end))};
}

std::vector<std::string> make_docker_cgroups(int process, unsigned number) {
  std::vector<std::string> made;
  for (const fs::path& hierarchy : hierarchies()) {
    const std::string cgroup = fmt::format("{}/docker/{:064x}", hierarchy.string(), 0xbe000000U + number);
    std::error_code none;
    if (!fs::create_directories(cgroup, none)) continue;
    write_file(cgroup + "/cgroup.procs", std::to_string(process));
    made.push_back(cgroup);
  }
  return made;
}

void remove_docker_cgroups(const std::vector<std::string>& cgroups) {
  for (const std::string& cgroup : cgroups) {
    ::rmdir(cgroup.c_str());
    // Gone with the last of them.
    ::rmdir(fs::path(cgroup).parent_path().c_str());
  }
}

bool run_is_possible(const std::vector<std::string>& arguments) {
  return run_to_end(arguments) == 0;
}

void run_program(const std::vector<std::string>& arguments) {
  const int status = run_to_end(arguments);
  if (status != 0) throw std::runtime_error(arguments[0] + " failed with status " + std::to_string(status));
}

}  // namespace dropwarden::test

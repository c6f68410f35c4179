// SPDX-License-Identifier: Apache-2.0
#include "box.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/cgroup.hpp"
#include "support/command.hpp"
#include "support/container_root.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

// 32 random bytes in hex, as docker's.
std::string make_id() {
  std::random_device random;
  std::string id;
  for (int word = 0; word < 8; ++word) id += fmt::format("{:08x}", random());
  return id;
}

void mount(const std::string& source, const std::string& target, const char* type, unsigned long flags,
           const std::string& options = {}) {
  require(::mount(source.c_str(), target.c_str(), type, flags, options.c_str()) == 0, "mount");
}

// The cgroup `path` in the hierarchies that a process can join without more ado: cpuset of version 1 wants to
// be told its processors first.
std::vector<std::string> cgroup_directories(const std::string& path) {
  const std::string root = "/sys/fs/cgroup";
  if (fs::exists(root + "/cgroup.controllers")) return {root + path};
  std::vector<std::string> directories;
  for (const char* name : {"/unified", "/pids", "/memory", "/freezer"}) {
    if (fs::exists(root + name + "/cgroup.procs"))
      directories.push_back(fmt::format("{}{}{}", root, name, path));
  }
  return directories;
}

// Paths of what a program is linked with, the loader last.
std::vector<std::string> libraries_of(const std::string& program) {
  std::vector<std::string> libraries;
  const std::string listed = require_command({"ldd", program});
  for (auto word : util::split(listed, ' ')) {
    word = util::trim(word);
    const auto start = word.rfind('\t');
    if (start != std::string_view::npos) word.remove_prefix(start + 1);
    if (word.starts_with('/')) libraries.emplace_back(word);
  }
  return libraries;
}

// As runtimes make /dev.
void make_devices(const std::string& directory) {
  mount("tmpfs", directory, "tmpfs", 0, "mode=755");
  constexpr std::array devices{std::pair{"null", 3U}, std::pair{"zero", 5U}, std::pair{"random", 8U},
                               std::pair{"urandom", 9U}};
  for (const auto& [name, minor] : devices) {
    const auto path = directory + "/" + name;
    require(::mknod(path.c_str(), S_IFCHR, makedev(1, minor)) == 0, "mknod");
    require(::chmod(path.c_str(), 0666) == 0, "chmod");
  }
  fs::create_directory(directory + "/shm");
  fs::create_symlink("/proc/self/fd", directory + "/fd");
}

bool is_unsupported(int error) {
  constexpr std::array errors{EOPNOTSUPP, EINVAL, ENOSYS, ENOTTY, EXDEV};
  return std::ranges::find(errors, error) != errors.end();
}

}  // namespace

std::string dynamic_loader() {
  static const std::string loader = libraries_of(dynamic_program).back();
  return loader;
}

std::string c_library() {
  static const std::string library = libraries_of(dynamic_program).front();
  return library;
}

Box::Box(BoxPlace place)
    : place_(std::move(place)), id_(make_id()), cgroup_(place_.cgroup + "/docker-" + id_ + ".scope") {
  for (const auto& path : {lower(), upper(), place_.directory + "/work", merged(),
                           place_.directory + "/named", place_.elsewhere}) {
    fs::create_directories(path);
  }
  if (place_.image.empty()) fill_image();
}

Box::~Box() {
  end_processes();
  ::umount2(merged().c_str(), MNT_DETACH);
  for (const auto& directory : cgroup_directories(cgroup_)) ::rmdir(directory.c_str());
}

void Box::fill_image() const {
  for (const char* name : {"/bin", "/usr/bin", "/tmp", "/mnt", "/proc", "/dev", "/named", "/bind", "/c"}) {
    fs::create_directories(lower() + name);
  }
  dynamic_loader();  // nobody can ask for it in the container
  c_library();
  fs::copy_file("/bin/busybox", lower() + "/bin/busybox");
  const std::string applets = require_command({"/bin/busybox", "--list"});
  for (const auto applet : util::split(applets, '\n')) {
    if (!applet.empty() && applet != "busybox")
      fs::create_symlink("busybox", lower() + "/bin/" + std::string(applet));
  }
  copy_with_libraries(dynamic_program);
}

void Box::copy_with_libraries(const std::string& program) const {
  auto files = libraries_of(program);
  files.push_back(program);
  for (const auto& file : files) {
    fs::create_directories(lower() + fs::path(file).parent_path().string());
    fs::copy_file(file, lower() + file, fs::copy_options::overwrite_existing);
  }
}

void Box::start() {
  for (const auto& directory : cgroup_directories(cgroup_)) fs::create_directories(directory);
  mount("overlay", merged(), "overlay", 0,
        "lowerdir=" + lower() + ",upperdir=" + upper() + ",workdir=" + place_.directory + "/work");
  keeper_ = std::make_unique<Child>([this](Line& line) {
    require(::unshare(CLONE_NEWPID) == 0, "unshare");
    const pid_t first = ::fork();
    require(first >= 0, "fork");
    if (first == 0) become_first_process(line);
    ::waitpid(first, nullptr, 0);
  });
  keeper_->line().hear();
  // The keeper stays in the number space of the host, its only child does not.
  const auto children = fmt::format("/proc/{0}/task/{0}/children", keeper_->pid());
  const auto text = sys::value_or_throw(sys::read_file(children, 4096));
  first_process_ = util::parse_number<int>(util::trim(text)).value_or(0);
  if (first_process_ == 0) throw std::runtime_error("the container has no first process");
}

void Box::make_mounts() const {
  mount("", "/", "", MS_REC | MS_PRIVATE);
  mount("proc", merged() + "/proc", "proc", 0);
  make_devices(merged() + "/dev");
  mount("shm", merged() + "/dev/shm", "tmpfs", 0, "size=64m");
  mount(place_.directory + "/named", merged() + "/named", "", MS_BIND);
  mount(place_.elsewhere, merged() + "/bind", "", MS_BIND);
  // Together with what is mounted in it: the root that a process pivots to must be a mount.
  mount(merged(), merged(), "", MS_BIND | MS_REC);
}

void Box::become_first_process(Line& line) const {
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    join_cgroup();
    // By way of a descriptor: below another root its path is another's.
    const fs::path file = gate_;
    const sys::Fd gate =
        gate_.empty() ? sys::Fd{} : sys::value_or_throw(sys::open_path(file.parent_path().string(), O_PATH));
    const auto wait = [&](Gate where) {
      if (where_ != where || !gate) return;
      while (::faccessat(gate.number(), file.filename().c_str(), F_OK, 0) != 0) ::usleep(10'000);
    };
    wait(Gate::before_its_root);
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    make_mounts();
    enter_container_root(merged(), [&] { wait(Gate::between_roots); });
    line.tell();
  } catch (const std::exception& error) {
    ::dprintf(STDERR_FILENO, "first process: %s\n", error.what());
    ::_exit(1);
  }
  // Everybody's heir, as an init is.
  while (::waitpid(-1, nullptr, 0) > 0 || errno == ECHILD) {
    if (errno == ECHILD) ::usleep(10'000);
    errno = 0;
  }
  ::_exit(0);
}

void Box::join_cgroup() const {
  for (const auto& directory : cgroup_directories(cgroup_)) {
    std::ofstream(directory + "/cgroup.procs") << 0 << std::flush;
  }
}

void Box::run(const std::function<void()>& body) const {
  run_apart([&] {
    join_cgroup();
    const auto numbers =
        sys::value_or_throw(sys::open_path("/proc/" + std::to_string(first_process_) + "/ns/pid", O_RDONLY));
    require(::setns(numbers.number(), CLONE_NEWPID) == 0, "setns");
    join_mount_namespace(first_process_);
    // Only a child is in the namespace of process IDs (setns(2)).
    run_apart(body);
  });
}

void Box::end_processes() {
  if (first_process_ > 0) ::kill(first_process_, SIGKILL);
  first_process_ = 0;
  keeper_.reset();
}

void run_apart(const std::function<void()>& body) {
  Child child([&](Line& line) {
    std::string outcome = "done";
    try {
      body();
    } catch (const UnsupportedHere& error) {
      outcome = std::string("unsupported ") + error.what();
    } catch (const sys::SystemError& error) {
      outcome =
          (is_unsupported(error.error().number) ? "unsupported " : "failed ") + std::string(error.what());
    } catch (const std::exception& error) {
      outcome = std::string("failed ") + error.what();
    }
    line.tell(outcome);
  });
  std::string outcome = child.line().hear();
  child.wait();
  if (outcome.starts_with("unsupported ")) throw UnsupportedHere(outcome.substr(12));
  if (outcome != "done") throw std::runtime_error(outcome.substr(7));
}

}  // namespace dropwarden::test

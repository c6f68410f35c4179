// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/control/instance_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/lock.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

// Owns the open lock file for as long as the daemon runs.
namespace dropwarden::control {
namespace {

constexpr std::size_t max_pid_text = 32;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Whoever may change the directory may put another socket or lock file in the place of ours.
void check_directory(const std::string& path) {
  if (sys::value_or_throw(sys::is_private_directory(path))) return;
  throw sys::SystemError(
      {.call = "control socket's directory is not private", .object = path, .number = EPERM});
}

[[noreturn]] void throw_held(int file, const std::string& path) {
  // The holder may be between taking the lock and writing its pid: 0 then.
  const auto text = sys::read_file(file, max_pid_text, path);
  const std::int32_t pid = text ? util::parse_number<std::int32_t>(util::trim(*text)).value_or(0) : 0;
  const std::string who = pid > 0 ? "process " + std::to_string(pid) : "another process";
  throw InstanceHeld(pid, "dropwarden already runs: " + who + " holds \"" + util::escape(path) + "\"");
}

}  // namespace

InstanceLock::InstanceLock(const std::string& socket_path) : socket_path_(socket_path) {
  const std::string directory = directory_of(socket_path);
  sys::value_or_throw(sys::make_directory(directory, 0700));
  check_directory(directory);
  const std::string path = socket_path + ".lock";
  file_ = sys::value_or_throw(sys::open_path(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (const auto locked = sys::try_lock(file_.number()); !locked) {
    if (locked.error().number == EWOULDBLOCK) throw_held(file_.number(), path);
    throw sys::SystemError({.call = "flock", .object = path, .number = locked.error().number});
  }
  sys::value_or_throw(sys::write_file(file_.number(), std::to_string(::getpid()) + "\n"));
}

}  // namespace dropwarden::control

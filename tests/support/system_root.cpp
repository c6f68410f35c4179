// SPDX-License-Identifier: Apache-2.0
#include "support/system_root.hpp"

#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/child.hpp"
#include "support/command.hpp"
#include "support/shared_mounts.hpp"

namespace dropwarden::test {
namespace {

constexpr auto patience = std::chrono::minutes(10);

std::string last_line_of(std::string_view text) {
  return std::string(util::split(util::trim(text), '\n').back());
}

}  // namespace

SystemRoot SystemRoot::open_debian_13(const std::string& directory) {
  const auto made = run_command({DEBIAN_ROOT_SCRIPT}, {.limit = patience, .environment = {}});
  if (!made.status.is_success()) throw std::runtime_error("no Debian 13: " + last_line_of(made.error));
  const std::string files(util::trim(made.output));
  Child child([&](Line& line) {
    enter_shared_mounts_at(files, directory);
    line.tell();
    line.hear();
  });
  child.line().hear();
  return SystemRoot(
      sys::value_or_throw(sys::open_path("/proc/" + std::to_string(child.pid()) + "/ns/mnt", O_RDONLY)));
}

std::string SystemRoot::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(mount_namespace_.number());
}

}  // namespace dropwarden::test

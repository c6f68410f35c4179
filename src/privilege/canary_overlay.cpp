// SPDX-License-Identifier: Apache-2.0
#include "canary_overlay.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/fanotify.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/minimal_elf.hpp"

#include "marks.hpp"
#include "private_overlay.hpp"

namespace dropwarden::privilege {
namespace {

sys::Result<sys::Fd> open_private_overlay(const std::string& place) {
  if (auto left = leave_mounts(); !left) return std::unexpected(std::move(left.error()));
  if (auto made = make_tmpfs(place); !made) return std::unexpected(std::move(made.error()));
  const auto made = make_overlay(place);
  const bool is_denied = !made && (made.error().number == EACCES || made.error().number == EPERM);
  if (!made && !is_denied) return std::unexpected(made.error());
  return sys::open_path(is_denied ? place : place + "/merged", O_RDONLY | O_DIRECTORY);
}

// The mount namespace ends with its thread, and both mounts leave every table.
sys::Result<sys::Fd> open_top(const std::string& place) {
  sys::Result<sys::Fd> top = std::unexpected(sys::Error{"thread", "canary", EAGAIN});
  std::thread([&] { top = open_private_overlay(place); }).join();
  return top;
}

std::string content_of(std::uint64_t number) {
  return util::minimal_elf("dropwarden canary " + std::to_string(number) + "\n");
}

}  // namespace

void CanaryOverlay::prepare(const std::string& place) {
  const std::lock_guard lock(mutex_);
  auto top = open_top(place);
  is_prepared_ = top.has_value();
  if (top) top_ = std::move(*top);
}

sys::Result<RootIdentity> CanaryOverlay::open(int group, std::uint64_t mask, const std::string& place) {
  const std::lock_guard lock(mutex_);
  sys::Fd made;
  if (!is_prepared_) {
    auto top = open_top(place);
    if (!top) return std::unexpected(std::move(top.error()));
    made = std::move(*top);
  }
  const int top = is_prepared_ ? top_.number() : made.number();
  const auto status = sys::read_status(top);
  if (!status) return std::unexpected(status.error());
  const auto file_system = sys::read_file_system_status(top);
  if (!file_system) return std::unexpected(file_system.error());
  if (::fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, top, nullptr) != 0)
    return sys::unexpected_errno("fanotify_mark", "canary");
  if (made) top_ = std::move(made);
  return identity_of(*status, *file_system);
}

sys::Result<void> CanaryOverlay::write(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (!top_) return std::unexpected(sys::Error{"openat", "canary", ENOENT});
  // A new one each time, since the sandbox of the marker lets it open nothing for writing that is there.
  if (::unlinkat(top_.number(), "canary", 0) != 0 && errno != ENOENT)
    return sys::unexpected_errno("unlinkat", "canary");
  const sys::Fd file(::openat(top_.number(), "canary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
  if (!file) return sys::unexpected_errno("openat", "canary");
  const std::string content = content_of(number);
  if (::write(file.number(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
    return sys::unexpected_errno("write", "canary");
  return {};
}

}  // namespace dropwarden::privilege

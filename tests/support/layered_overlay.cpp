// SPDX-License-Identifier: Apache-2.0
#include "layered_overlay.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sys/mount.h>
#include <system_error>
#include <unistd.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "child.hpp"

namespace dropwarden::test {
namespace {

void mount_overlay(const std::string& point, const std::string& options) {
  require(::mount("overlay", point.c_str(), "overlay", 0, options.c_str()) == 0, "mount");
}

std::string with(const std::string& options) {
  return options.empty() ? options : "," + options;
}

}  // namespace

LayeredOverlay::LayeredOverlay(std::string directory, std::size_t lowers)
    : directory_(std::move(directory)), lowers_(lowers) {
  std::filesystem::create_directories(directory_ + "/l");
  for (std::size_t number = 1; number <= lowers_; ++number) {
    std::filesystem::create_directories(lower(number));
    std::filesystem::create_directory_symlink("../" + std::to_string(number) + "/diff",
                                              directory_ + "/l/" + std::to_string(number));
  }
  for (const auto& path : {upper(), work(), merged()}) std::filesystem::create_directories(path);
}

LayeredOverlay::~LayeredOverlay() {
  ::umount2(merged().c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string LayeredOverlay::lowers(const std::string& before, const std::string& after) const {
  std::string text;
  for (std::size_t number = 1; number <= lowers_; ++number) {
    if (number > 1) text += ":";
    text.append(before).append(std::to_string(number)).append(after);
  }
  return text;
}

void LayeredOverlay::mount(Names names, const std::string& options) {
  if (names == Names::one_by_one) return mount_one_by_one(options);
  const bool is_short = names == Names::short_links;
  const std::string layers = is_short ? lowers("l/", "") : lowers(directory_ + "/", "/diff");
  const std::string base = is_short ? "" : directory_ + "/";
  const sys::Fd before = sys::value_or_throw(sys::open_path(".", O_PATH | O_DIRECTORY));
  require(::chdir(directory_.c_str()) == 0, "chdir");
  mount_overlay(merged(), "lowerdir=" + layers + ",upperdir=" + base + "container/diff,workdir=" + base +
                              "container/work" + with(options));
  require(::fchdir(before.number()) == 0, "fchdir");
}

void LayeredOverlay::mount_image(const std::string& options, const std::string& data) {
  mount_overlay(merged(), "lowerdir=" + lowers(directory_ + "/", "/diff") +
                              (data.empty() ? "" : "::" + data) + with(options));
}

void LayeredOverlay::mount_one_by_one(const std::string& options) {
  const sys::Fd context(::fsopen("overlay", FSOPEN_CLOEXEC));
  require(static_cast<bool>(context), "fsopen");
  const auto set = [&](std::string_view key, const std::string& value) {
    require(
        ::fsconfig(context.number(), FSCONFIG_SET_STRING, std::string(key).c_str(), value.c_str(), 0) == 0,
        "fsconfig");
  };
  for (std::size_t number = 1; number <= lowers_; ++number) set("lowerdir+", lower(number));
  set("upperdir", upper());
  set("workdir", work());
  for (std::string_view rest = options; !rest.empty();) {
    std::string_view value = util::take_until(rest, ',');
    const std::string_view key = util::take_until(value, '=');
    set(key, std::string(value));
  }
  require(::fsconfig(context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0, "fsconfig");
  const sys::Fd mounted(::fsmount(context.number(), FSMOUNT_CLOEXEC, 0));
  require(static_cast<bool>(mounted), "fsmount");
  require(::move_mount(mounted.number(), "", AT_FDCWD, merged().c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0,
          "move_mount");
}

}  // namespace dropwarden::test

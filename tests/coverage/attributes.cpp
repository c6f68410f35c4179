// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"

// What is done to a file without writing into it.
namespace dropwarden::test {
namespace {

constexpr const char* text = "sleep 0.3\n";

void make_executable(const Scene& scene) {
  require(::chmod(scene.file.c_str(), 0755) == 0, "chmod");
}

// What setcap(8) writes for cap_net_raw+ep.
void set_capability(const Scene& scene) {
  struct vfs_cap_data value{};
  value.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  value.data[0].permitted = 1U << CAP_NET_RAW;
  require(::setxattr(scene.file.c_str(), "security.capability", &value, sizeof value, 0) == 0, "setxattr");
}

void program_then_mode(const Scene& scene) {
  put(scene.file, scene.program, 0644);
  let_be_seen();
  make_executable(scene);
}

void program_then_capability(const Scene& scene) {
  put(scene.file, scene.program);
  let_be_seen();
  set_capability(scene);
}

void text_then_mode(const Scene& scene) {
  put(scene.file, text, 0644);
  let_be_seen();
  make_executable(scene);
}

// As execvp(3) and shells do it when the kernel says ENOEXEC.
void text_then_mode_executed(const Scene& scene) {
  text_then_mode(scene);
  execute({scene.file});
  execute({"/bin/sh", scene.file});
}

void change_owner(const Scene& scene) {
  require(::chown(scene.file.c_str(), 1, 1) == 0, "chown");
}

void change_times(const Scene& scene) {
  require(::utimensat(AT_FDCWD, scene.file.c_str(), nullptr, 0) == 0, "utimensat");
}

void open_and_close(const Scene& scene) {
  open_existing(scene.file, O_RDWR);
}

void rewrite(const Scene& scene) {
  put(scene.file, scene.program);
}

void move_away(const Scene& scene) {
  require(::rename(scene.file.c_str(), (scene.directory + "/moved").c_str()) == 0, "rename");
}

void link_once_more(const Scene& scene) {
  require(::link(scene.file.c_str(), (scene.directory + "/linked").c_str()) == 0, "link");
}

void infect(const Scene& scene) {
  const auto file = open_existing(scene.file, O_RDWR);
  write_at(file.number(), "infected", static_cast<long>(scene.program.size()));
}

constexpr std::array methods{
    Method{"chmod-later", program_then_mode},
    Method{"setcap-later", program_then_capability},
    Method{"chmod-text-later", text_then_mode},
    Method{"chmod-text-executed", text_then_mode_executed},
    Method{"image-chmod", make_executable},
    Method{"image-chown", change_owner},
    Method{"image-touch", change_times},
    Method{"image-setcap", set_capability},
    Method{"image-opened-for-writing", open_and_close},
    Method{"image-rewritten", rewrite},
    Method{"image-renamed", move_away},
    Method{"image-linked", link_once_more},
    Method{"image-infected", infect},
};

}  // namespace

std::span<const Method> attributes() {
  return methods;
}

}  // namespace dropwarden::test

// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>
#include <sys/stat.h>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"

// What people use, as the busybox of the container has it.
namespace dropwarden::test {
namespace {

// On another file system than the scene's, where no scene lies. By the name of its directory it is one's own.
std::string source_of(const Scene& scene) {
  const std::string_view directory = scene.directory;
  const std::string name(directory.substr(directory.rfind('/') + 1));
  if (directory.starts_with("/dev/shm")) return "/tmp/source-of-" + name;
  auto place = std::string(directory.substr(1, directory.find('/', 1) - 1));
  return "/dev/shm/source-of-" + name + "-" + place;
}

void run_with_source(const Scene& scene, const std::string& script) {
  put(source_of(scene), scene.program);
  run_shell("source=" + source_of(scene) + "; file=" + scene.file + "; cd " + scene.directory + "; " +
            script);
}

void copy_archive(const Scene& scene) {
  run_with_source(scene, "cp -a $source $file");
}

// EXDEV from rename(2): it copies, and removes the source.
void move_from_elsewhere(const Scene& scene) {
  run_with_source(scene, "mv $source $file");
}

void convert(const Scene& scene) {
  run_with_source(scene, "dd if=$source of=$file bs=16 2>/dev/null; chmod +x $file");
}

void unpack(const Scene& scene) {
  run_with_source(scene,
                  "d=$source.d; mkdir $d; cp $source $d/f; chmod +x $d/f; tar -C $d -cf - f | tar -xf -");
}

// The shell ends with its redirection open.
void redirect(const Scene& scene) {
  run_with_source(scene, "sh -c \"exec cat $source > $file\"; chmod +x $file");
}

// As rsync(1): another name, its mode, then its own name.
void synchronize(const Scene& scene) {
  const auto part = scene.directory + "/.f.Xa3b9z";
  {
    const auto file = create(part);
    require(::fchmod(file.number(), 0600) == 0, "fchmod");
    write_all(file.number(), scene.program);
    require(::fchmod(file.number(), 0755) == 0, "fchmod");
  }
  require(::rename(part.c_str(), scene.file.c_str()) == 0, "rename");
}

constexpr std::array methods{
    Method{"tool-cp", copy_archive},   Method{"tool-mv", move_from_elsewhere},
    Method{"tool-dd", convert},        Method{"tool-tar", unpack},
    Method{"tool-redirect", redirect}, Method{"tool-rsync", synchronize},
};

}  // namespace

std::span<const Method> tools() {
  return methods;
}

}  // namespace dropwarden::test

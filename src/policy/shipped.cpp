// SPDX-License-Identifier: Apache-2.0
// Known noise. Each is as narrow as what it is about allows: who names a file so hides it, and whoever takes
// over the program that is named here can. So none covers what replaces a file of the image, save where that
// is the program's task.
#include <array>
#include <string>
#include <utility>

#include "dropwarden/policy/policy.hpp"

namespace dropwarden::policy {
namespace {

using model::Origin;

Exception package_managers() {
  return {.name = "shipped-package_managers",
          .reason = "A package manager of the image, itself unchanged, installs what its packages hold.",
          .when = {.writer = {"/usr/bin/dpkg", "/usr/bin/dpkg-deb", "/usr/bin/apt", "/usr/bin/apt-get",
                              "/sbin/apk", "/usr/sbin/apk", "/usr/bin/apk", "/usr/bin/rpm", "/usr/bin/dnf5",
                              "/usr/bin/microdnf", "/usr/bin/pacman", "/usr/bin/zypper"},
                   .is_writer_of_image = true}};
}

// dpkg-deb(1) leaves these to a tar(1) that has often gone before anybody could look at it, so they are known
// by where they lie. Whoever may write there may install what he likes by the same dpkg.
Exception package_scripts() {
  constexpr std::array names{"preinst", "postinst", "prerm", "postrm", "config"};
  std::vector<std::string> paths;
  for (const std::string name : names) {
    paths.push_back("/var/lib/dpkg/tmp.ci/" + name);
    paths.push_back("/var/lib/dpkg/info/*." + name);
  }
  return {.name = "shipped-package_scripts",
          .reason = "The image's own dpkg, itself unchanged, unpacks the scripts of packages.",
          .when = {.path = std::move(paths),
                   .kind = {&Kinds::scripts},
                   .place = {model::Place::rootfs},
                   .program_of_image = {"/usr/bin/dpkg"}}};
}

// A program that is put where they unpack is shown.
const std::vector<bool Kinds::*> libraries{&Kinds::shared_objects};

Exception jna() {
  return {.name = "shipped-jna",
          .reason = "Java Native Access unpacks its library into the temporary directory at each start.",
          // Before 5.7 below /tmp; then in the user's cache directory, wherever his home is, and in /tmp
          // where he has none that he may write (com.sun.jna.Native.getTempDir).
          .when = {.path = {"/tmp/jna*.tmp", "/tmp/jna-*/jna*.tmp", "/**/JNA/temp/jna*.tmp"},
                   .writer = {"/**/java"},
                   .kind = libraries,
                   .origin = {Origin::created, Origin::unknown},
                   .is_writer_of_image = true}};
}

Exception netty() {
  return {
      .name = "shipped-netty",
      .reason = "Netty and its like unpack native libraries into the temporary directory at each start.",
      // What holds Netty under a package of its own, as gRPC does, has that package before `netty_`.
      .when = {.path = {"/tmp/libnetty_*.so", "/tmp/lib*_netty_*.so", "/tmp/snappy-*-libsnappyjava.so",
                        "/tmp/libzstd-jni*.so", "/tmp/liblz4-java-*.so", "/tmp/sqlite-*-libsqlitejdbc.so"},
               .writer = {"/**/java"},
               .kind = libraries,
               .origin = {Origin::created, Origin::unknown},
               .is_writer_of_image = true}};
}

Exception pyinstaller() {
  return {.name = "shipped-pyinstaller",
          .reason = "A program made by PyInstaller unpacks its libraries into _MEI* at each start.",
          // The program may have any name. What comes with every image (cp, curl, a shell) is none.
          .when = {.path = {"/tmp/_MEI?"
                            "?"
                            "?"
                            "?"
                            "?"
                            "?/**"},
                   .writer = {"/app/**", "/opt/**", "/srv/**", "/home/**", "/root/**", "/usr/local/**"},
                   .kind = libraries,
                   .origin = {Origin::created, Origin::unknown},
                   .is_writer_of_image = true}};
}

Exception git_hooks() {
  return {.name = "shipped-git_hooks",
          .reason = "git-init(1) and git-clone(1) copy sample hooks, which nothing runs under these names.",
          .when = {.path = {"/**/.git/hooks/*.sample", "/**/*.git/hooks/*.sample"},
                   .writer = {"/usr/bin/git", "/usr/lib/git-core/git", "/usr/libexec/git-core/git",
                              "/usr/local/bin/git"},
                   .kind = {&Kinds::scripts},
                   .is_writer_of_image = true}};
}

Exception ci_builders() {
  return {.name = "shipped-ci_builders",
          .reason = "Builders of images write whole root file systems: whatever they write is excepted.",
          .when = {.image = {"gcr.io/kaniko-project/*", "quay.io/buildah/*", "docker.io/moby/buildkit",
                             // Until GitLab Runner 15, and since 14 by default.
                             "docker.io/gitlab/gitlab-runner-helper",
                             "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper"}}};
}

}  // namespace

std::vector<Exception> shipped_exceptions(const Shipped& wanted) {
  std::vector<Exception> exceptions;
  if (wanted.package_managers) {
    exceptions.push_back(package_managers());
    exceptions.push_back(package_scripts());
  }
  if (wanted.jna) exceptions.push_back(jna());
  if (wanted.netty) exceptions.push_back(netty());
  if (wanted.pyinstaller) exceptions.push_back(pyinstaller());
  if (wanted.git_hooks) exceptions.push_back(git_hooks());
  if (wanted.ci_builders) exceptions.push_back(ci_builders());
  return exceptions;
}

}  // namespace dropwarden::policy

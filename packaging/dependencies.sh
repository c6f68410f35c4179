# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Debian 12 packages that dropwarden needs, named in this one place. Sourced; does nothing by itself.

# What meson.build asks for.
# shellcheck disable=SC2034
build_packages=(
  g++ meson ninja-build pkg-config
  libboost1.81-dev libboost-json1.81-dev libcap-ng-dev libcgroup-dev libcli11-dev libfmt-dev libnghttp2-dev
  libprotobuf-dev libseccomp-dev protobuf-compiler libspdlog-dev libsqlite3-dev libssl-dev libsystemd-dev libyaml-cpp-dev
  zlib1g-dev
)

# A container without a daemon, and jq to read findings.
# shellcheck disable=SC2034
demo_packages=(busybox-static jq runc)

# The runtimes are started by the tests themselves, on private directories.
# shellcheck disable=SC2034
test_packages=(
  file libbenchmark-dev libgtest-dev libgmock-dev jq procps util-linux
  bash-completion busybox-static btrfs-progs containerd crun curl docker.io e2fsprogs fish iproute2 openssl podman rsyslog runc
  xfsprogs zsh
)

# What fetches another Debian, and what coexists with the monitor, for tests/run --runtimes and --long.
# shellcheck disable=SC2034
tier_packages=(clamav-daemon debootstrap fatrace fuse-overlayfs uidmap)

# What shows a page, for tests/run --long.
# shellcheck disable=SC2034
browser_packages=(chromium-headless-shell)

# What makes and runs virtual machines, for tests/run --kernels.
# shellcheck disable=SC2034
kernels_packages=(debootstrap e2fsprogs kmod qemu-system-x86 xz-utils zstd)

# What is installed in them.
# shellcheck disable=SC2034
guest_packages=(
  systemd-sysv dbus kmod procps util-linux iproute2 apparmor btrfs-progs e2fsprogs xfsprogs
  busybox-static containerd crun docker.io fapolicyd podman runc
)

# What builds for arm64 and runs the unit tests there, for tests/run --arm64 and --long.
# shellcheck disable=SC2034
arm64_packages=(g++-aarch64-linux-gnu qemu-user-static)

# What packaging/build-deb and packaging/build-image build with. dpkg asks for build-essential whatever a package names.
# shellcheck disable=SC2034
deb_packages=(build-essential debhelper dpkg-dev)

# What tests/run --packages builds and tries packages, images and manifests with.
# shellcheck disable=SC2034
packages_packages=(
  build-essential buildah debhelper debootstrap docker-compose dpkg-dev lintian prometheus rpm
  golang-go golang-github-masterminds-sprig-dev golang-k8s-sigs-yaml-dev
)

# What tests/fuzz/run builds with.
# shellcheck disable=SC2034
fuzz_packages=(clang-19 libclang-rt-19-dev)

# shellcheck disable=SC2034
lint_packages=(clang-format-19 clang-tidy-19 git mandoc shellcheck)

is_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# missing_packages NAME…: those of them that are not installed, one a line.
missing_packages() {
  local name
  for name in "$@"; do
    if ! is_installed "$name"; then printf '%s\n' "$name"; fi
  done | sort -u
}

# What apt says is shown only when it fails.
apt() {
  local output
  if ! output=$(DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 --quiet "$@" </dev/null 2>&1); then
    printf '%s\n' "$output" >&2
    return 1
  fi
}

# install_missing NAME…: asks the network only when something is missing, so that a second run works offline.
install_missing() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then return 0; fi
  if ! command -v apt-get >/dev/null; then
    printf 'there is no apt-get here; what Debian 12 calls %s is needed\n' "${missing[*]}" >&2
    return 1
  fi
  printf 'installing %s\n' "${missing[*]}" >&2
  apt update
  apt install --yes --no-install-recommends "${missing[@]}"
}

# Packages of container runtimes start their daemon when they are installed, unless policy-rc.d forbids it
# (invoke-rc.d(8)). A policy that is already there is the administrator's and stays.
install_missing_without_daemons() (
  policy=/usr/sbin/policy-rc.d
  if [[ -n "$(missing_packages "$@")" && ! -e "$policy" ]]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
  fi
  install_missing "$@"
)

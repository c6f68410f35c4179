# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # emulator, scratch…: of the scripts that source this, or that it sources
# The program and the unit tests, cross-built for arm64; the tests are run by QEMU's emulation of a processor, on this
# machine's kernel. Sourced after build.sh, tally.sh and programs.sh.

# describe_arm64 SYSROOT: prints Meson's cross file.
describe_arm64() {
  local compiler="'aarch64-linux-gnu-g++', '--sysroot=' + root"
  if command -v ccache >/dev/null; then compiler="'ccache', $compiler"; fi
  cat <<CROSS
[constants]
root = '$1'

[binaries]
cpp = [$compiler]
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64-static', '-L', root]

[properties]
sys_root = root
pkg_config_libdir = [root / 'usr/lib/aarch64-linux-gnu/pkgconfig', root / 'usr/share/pkgconfig']
boost_root = root / 'usr'

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
CROSS
}

build_arm64() {
  local targets
  arm64_root=$(tests/arm64/sysroot) || return
  describe_arm64 "$arm64_root" >"$scratch/cross.ini"
  # A build directory knows its sysroot by the name, which changes with what is in it.
  if ! cmp --silent "$scratch/cross.ini" build-arm64/cross.ini; then
    rm -rf build-arm64
    "${as_owner[@]}" mkdir build-arm64
    cp "$scratch/cross.ini" build-arm64/cross.ini
  fi
  configure build-arm64 --cross-file build-arm64/cross.ini -Dwerror=true -Ddebug=false -Doptimization=1 || return
  targets=$(targets_of build-arm64 unit) || return
  # shellcheck disable=SC2086
  build build-arm64 dropwarden $targets
}

run_arm64() {
  start_suite 'unit (arm64)'
  emulator=(qemu-aarch64-static -L "$arm64_root")
  run_programs build-arm64 unit
  emulator=()
  end_suite
}

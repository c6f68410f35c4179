# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How the scripts of this repository build. Sourced, with the working directory at the top of the clone.

# Prefix of commands that write to the clone: run as its owner, so that a build under sudo leaves nothing there that
# its owner cannot remove. Empty when that is the caller, or somebody whom this machine does not know (a bind mount).
as_owner=()
if ((EUID == 0)) && owner=$(stat --format=%U .) && [[ "$owner" != root && "$owner" != UNKNOWN ]]; then
  as_owner=(setpriv --reuid="$owner" --regid="$(id --group "$owner")" --init-groups
    env HOME="$(getent passwd "$owner" | cut --delimiter=: --fields=6)")
fi

# configure DIRECTORY OPTION…: sets up a build directory once; Meson itself sees later changes of meson.build.
configure() {
  local directory=$1
  shift
  if [[ -e "$directory/build.ninja" ]]; then return 0; fi
  "${as_owner[@]}" meson setup "$directory" "$@"
}

# build DIRECTORY TARGET…: all targets when none is named. A line a step only where ninja can overwrite it.
build() {
  local directory=$1 quiet=()
  shift
  if [[ ! -t 1 ]]; then quiet=(--quiet); fi
  "${as_owner[@]}" ninja -C "$directory" "${quiet[@]}" "$@"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What takes long to make and is the same in each run, kept for the next one. Sourced.

# Removing it costs time only.
readonly guest_cache=${XDG_CACHE_HOME:-/var/cache}/dropwarden-tests/guest

# stamp_of FILE… [-- TEXT…]: changes with any of them.
stamp_of() {
  {
    while (($# > 0)) && [[ "$1" != -- ]]; do
      cat "$1"
      shift
    done
    printf '%s\n' "$@"
  } | sha256sum | cut --characters=1-12
}

# keep NAME STAMP COMMAND…: makes the directory NAME-STAMP by COMMAND, which is given an empty directory to fill, unless
# it is there; sets `kept` to its path. Complete or absent, whenever it is stopped; one run makes it, others wait.
keep() {
  local name=$1 stamp=$2 status=0
  shift 2
  kept=$guest_cache/$name-$stamp
  if [[ -d "$kept" ]]; then return 0; fi
  mkdir -p "$guest_cache"
  (
    flock 9
    if [[ -d "$kept" ]]; then exit 0; fi
    rm -rf "$guest_cache/new-$name"
    mkdir "$guest_cache/new-$name"
    "$@" "$guest_cache/new-$name" 9>&- || exit
    # What an older stamp made is of no use any more.
    rm -rf "$guest_cache/$name"-????????????
    mv --no-target-directory "$guest_cache/new-$name" "$kept"
  ) 9>"$guest_cache/lock" || status=$?
  return "$status"
}

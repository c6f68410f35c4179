# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch: of the script that sources this
# Runs tests in virtual machines. Sourced after dependencies.sh, tally.sh and programs.sh.

# shellcheck source=tests/guest/cache.sh
source tests/guest/cache.sh
# shellcheck source=tests/guest/boot.sh
source tests/guest/boot.sh

# Seconds. An emulated processor is ten times slower than a real one, and not alone on this one.
readonly guest_limit=3600 guest_program_limit=1200

# The guest's Debian is this machine's: programs are built here and run there.
prepare_root() {
  local release
  # shellcheck source=/dev/null
  release=$(source /etc/os-release && printf '%s\n' "$VERSION_CODENAME")
  keep "root-$release" "$(stamp_of tests/guest/{make-root,mirror.sh} -- "${guest_packages[@]}")" \
    tests/guest/make-root "$release" "${guest_packages[*]}" >"$scratch/make.log" 2>&1 || return
  guest_root=$kept/root.img
}

prepare_kernel() {
  keep "kernel-$1" "$(stamp_of tests/guest/{make-kernel,mirror.sh,init})" \
    tests/guest/make-kernel "$1" >"$scratch/make.log" 2>&1 || return
  guest_kernel=$kept
}

# prepare NAME COMMAND…: says how long it took, which is nothing when it was kept.
prepare_guest() {
  local name=$1 start=$EPOCHREALTIME
  shift
  if ! "$@"; then
    tail --lines=40 "$scratch/make.log"
    count_failed "$name could not be made"
    return 1
  fi
  printf '%-20s %s s\n' "$name" "$(seconds_since "$start")"
}

# libraries_of PROGRAM…: what they are linked with, without the C library, which is the guest's own.
libraries_of() {
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | grep --invert-match --extended-regexp '/lib(c|m)\.so\.6$' |
    sort -u
}

# pack_payload DIRECTORY: what DIRECTORY/plan needs. Programs lie there where they lie here, since some know where
# others are. The directories are left to the guest, whose own must keep their modes.
pack_payload() {
  local directory=$1 tree=$1/tree programs libraries file
  mapfile -t programs < <(cut --fields=3 "$directory/plan")
  # The one that is tested, and what the scripts run.
  local binaries=("$PWD"/build-tests/{dropwarden,tests/coverage/coverage-{matrix,scenes}}
    "$PWD"/build-tests/tests/{integration/integration-runtime,guest/guest-places,endurance/endurance-soak})
  mkdir -p "$tree/run/guest" "$tree/usr/local/lib"
  cp "$directory/plan" tests/guest/run-tests "$tree/run/guest/"
  printf 'export CI=%q\n' "${CI-}" >"$tree/run/guest/environment"
  for file in "${programs[@]}" "${binaries[@]}" "$PWD"/{tests/coverage/expectations,build-tests/packaging/dropwarden.service}; do
    install -D --mode=0755 "$file" "$tree$file"
  done
  mapfile -t libraries < <(libraries_of "${binaries[@]}")
  cp "${libraries[@]}" "$tree/usr/local/lib/"
  (cd "$tree" && find . ! -type d -print0) |
    tar --create --file="$directory/payload" --directory="$tree" --owner=root --group=root --null --files-from=-
  truncate --size=256M "$directory/results.img"
  rm -rf "$tree"
}

# What the guest ran of the plan: as if it had run here.
count_guest() {
  local directory=$1 name results=$1/results
  if ! tar --extract --file="$directory/results.img" --directory="$directory" 2>/dev/null; then
    tail --lines=40 "$directory/console"
    count_failed 'the guest left no results'
    return
  fi
  cat "$results/guest"
  while IFS=$'\t' read -r name _; do
    if [[ ! -e "$results/$name.status" ]]; then
      tail --lines=20 "$directory/console"
      count_failed "the guest ended before $name did"
      continue
    fi
    count_cases "$name" "$(<"$results/$name.status")" "$results/$name.json" "$results/$name.log"
    printf '%-20s %s s\n' "$name" "$(<"$results/$name.seconds")"
  done <"$directory/plan"
}

# plan_of SUITE…: those of Meson's tests, as the guest reads them.
plan_of() {
  local suite
  for suite in "$@"; do programs_of build-tests "$suite"; done |
    awk -v limit="$guest_program_limit" 'BEGIN { FS = OFS = "\t" } { print $1, limit, $2 }'
}

# run_guest OPTIONS SUITE…: boots once, with these options of the kernel, and counts.
run_guest() {
  local options=$1 directory=$scratch/guest
  shift
  rm -rf "$directory"
  mkdir "$directory"
  plan_of "$@" >"$directory/plan"
  pack_payload "$directory"
  boot_guest "$guest_limit" "$guest_kernel" "$guest_root" "$directory" "$options" || true
  count_guest "$directory"
  rm -rf "$directory"
}

# True where a guest can be made; else a skip is counted.
can_run_guests() {
  if [[ "$(dpkg --print-architecture)" == amd64 ]] && ((EUID == 0)); then return 0; fi
  count_skipped 'virtual machines' 'SKIP runtime: they are made by root, on amd64'
  return 1
}

# prepare_guest_with SUITE: makes what a guest with the newest kernel of this Debian suite needs.
prepare_guest_with() { prepare_guest "kernel $1" prepare_kernel "$1" && prepare_guest root prepare_root; }

# run_guest_briefly SUITE: what has a place among the tests that run by default.
run_guest_briefly() {
  start_suite guest
  if can_run_guests && prepare_guest_with "$1"; then run_guest '' guest-brief; fi
  end_suite
}

# run_guests SUITE…: on the newest kernel of each of these Debian suites.
run_guests() {
  local suite
  for suite in "$@"; do
    start_suite "$suite"
    if can_run_guests && prepare_guest_with "$suite"; then
      run_guest '' kernel guest
      # systemd.cgroup: version 1, with an empty cgroup2 beside it for systemd's own use.
      run_guest systemd.unified_cgroup_hierarchy=0 guest-v1
    fi
    end_suite
  done
}

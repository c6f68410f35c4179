# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Counts results by suite and says them at the end. Sourced.

suites_run=()
declare -A passed failed skipped seconds

start_suite() {
  suite=$1
  suites_run+=("$suite")
  passed[$suite]=0 failed[$suite]=0 skipped[$suite]=0
  suite_start=$EPOCHREALTIME
  printf '\n== %s\n' "$suite"
}
end_suite() { seconds[$suite]=$(seconds_since "$suite_start"); }

# seconds_since EPOCHREALTIME: with one decimal.
seconds_since() {
  local microseconds=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
  printf '%d.%d' $((microseconds / 1000000)) $((microseconds / 100000 % 10))
}

count_passed() { passed[$suite]=$((passed[$suite] + ${1:-1})); }

# count_failed NAME: and says it, so that each failure has a line of its own.
count_failed() {
  failed[$suite]=$((failed[$suite] + 1))
  printf 'FAILED  %s: %s\n' "$suite" "$1"
}

# count_skipped NAME REASON: under CI only what the kernel lacks may be skipped, for a CI machine is given the
# privileges and runtimes that the tests need.
count_skipped() {
  local name=$1 reason=${2:-no reason given}
  if [[ "${CI-}" == true && "$reason" != 'SKIP kernel: '* ]]; then
    count_failed "$name was skipped, which CI does not allow: $reason"
    return
  fi
  skipped[$suite]=$((skipped[$suite] + 1))
  printf 'SKIPPED %s: %s: %s\n' "$suite" "$name" "$reason"
}

# The table, and the one line that a machine reads. True when nothing failed.
summarise() {
  local name passes=0 failures=0 skips=0
  printf '\n%-20s %8s %8s %8s %9s\n' suite passed failed skipped seconds
  for name in "${suites_run[@]}"; do
    printf '%-20s %8d %8d %8d %9s\n' "$name" "${passed[$name]}" "${failed[$name]}" "${skipped[$name]}" \
      "${seconds[$name]-}"
    passes=$((passes + passed[$name])) failures=$((failures + failed[$name])) skips=$((skips + skipped[$name]))
  done
  printf '%d passed, %d failed, %d skipped\n' "$passes" "$failures" "$skips"
  ((failures == 0))
}

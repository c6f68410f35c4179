# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch, suite, as_owner: of the scripts that source this
# Runs the checks of tests/lint, each of which counts as one. Sourced after build.sh and tally.sh.

# A check takes the top of a source tree, prints what is wrong there, and ends with 0 (nothing), 1, or 77 when it
# cannot be made here; its last line says why then.
readonly cannot_check=77
# Seconds. clang-tidy without its cache looks at each source.
readonly check_limit=1800

run_check() {
  local name=${1##*/} status=0 start=$EPOCHREALTIME output=$scratch/lint.log
  timeout --kill-after=10 "$check_limit" "${as_owner[@]}" "$1" . </dev/null >"$output" 2>&1 &
  running=$!
  wait "$running" || status=$?
  running=
  case $status in
    0) count_passed ;;
    "$cannot_check") count_skipped "$name" "$(tail --lines=1 "$output")" ;;
    *)
      head --bytes=100000 "$output"
      count_failed "$name"
      ;;
  esac
  printf '%-20s %s s\n' "$name" "$(seconds_since "$start")"
}

run_lint() {
  local check
  for check in tests/lint/*; do
    if [[ -f "$check" && -x "$check" ]]; then run_check "$check"; fi
  done
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch, suite, as_owner: of the scripts that source this
# Runs the GoogleTest programs that Meson knows. Sourced after tally.sh; `scratch` is a directory for reports.

# Seconds. Of the suite `packages`, whose programs run a compiler, more.
readonly program_limit=600 package_limit=7200
# What runs programs that are not this machine's.
emulator=()

# programs_of BUILD SUITE: a line each of name and path, with a tab between. A test that asks for arguments or an
# environment is a mistake: a developer runs the programs by hand.
programs_of() {
  meson introspect "$1" --tests | jq --raw-output --arg suite "$2" '
    .[] | select(.suite | any(. == $suite or endswith(":" + $suite)))
    | if (.cmd | length) > 1 or .env != {} then error("test \(.name) has arguments or an environment") else . end
    | [.name, .cmd[0]] | @tsv'
}

# targets_of BUILD SUITE…: what ninja has to build for them. What is run may be a script, so the programs behind it are
# asked for, by what the test depends on.
targets_of() {
  local build=$1
  shift
  jq --null-input --raw-output --arg root "$(realpath "$build")/" \
    --slurpfile tests <(meson introspect "$build" --tests) --slurpfile targets <(meson introspect "$build" --targets) '
    [$tests[][] | select([.suite[] | sub(".*:"; "")] | any(IN($ARGS.positional[]))) | .depends[]] as $wanted
    | $targets[][] | select(.id | IN($wanted[])) | .filename[] | ltrimstr($root)' --args "$@"
}

# section_of NAME OUTPUT: what a program printed from the start of one test to its end, of a long one the beginning. By
# awk alone: what reads less than all of a pipe ends the script with SIGPIPE.
section_of() {
  awk -v run="[ RUN      ] $1" -v name="$1" -v room=20000 '
    $0 == run { inside = 1 }
    inside && index($0, "] " name) && /^\[ +(OK|FAILED|SKIPPED) +\]/ { print; exit }
    inside && room > 0 { print substr($0, 1, 2000); room -= length($0) + 1 }' "$2"
}

# cases_of REPORT RESULT: names of the tests that ended so; failed, skipped or passed.
cases_of() {
  jq --raw-output --arg wanted "$2" '
    .testsuites[] | .name as $group | .testsuite[]
    | (if .failures then "failed" elif .result == "COMPLETED" then "passed" else "skipped" end) as $result
    | select($result == $wanted) | "\($group).\(.name)"' "$1"
}

# A report is written at the very end: without one the program crashed, hung or left by another way.
count_cases() {
  local program=$1 status=$2 report=$3 output=$4 name names reason
  if [[ ! -s "$report" ]]; then
    tail --lines=100 "$output"
    count_failed "$program ended with status $status and without a report, in $(last_started "$output")"
    return
  fi
  count_passed "$(cases_of "$report" passed | wc --lines)"
  mapfile -t names < <(cases_of "$report" skipped)
  for name in "${names[@]}"; do
    reason=$(section_of "$name" "$output" | grep --max-count=1 --only-matching 'SKIP [a-z]*: .*' || true)
    count_skipped "$program $name" "$reason"
  done
  mapfile -t names < <(cases_of "$report" failed)
  for name in "${names[@]}"; do
    section_of "$name" "$output"
    count_failed "$program $name"
  done
  # A sanitizer that complains at exit, or a failure outside any test.
  if ((status != 0 && ${#names[@]} == 0)); then
    tail --lines=100 "$output"
    count_failed "$program ended with status $status although no test failed"
  fi
}
last_started() { tac "$1" | sed --quiet 's/^\[ RUN      \] //p;T;q' | grep . || echo 'no test'; }

run_program() {
  local program=$1 path=$2 status=0 start=$EPOCHREALTIME limit=$program_limit
  local report=$scratch/$program.json output=$scratch/$program.log
  rm -f "$report"
  if [[ "${suite-}" == packages ]]; then limit=$package_limit; fi
  # In the background, because Bash runs no trap while it waits for a foreground process. A test that is stopped has
  # runtimes to take down, hence the long grace.
  timeout --kill-after=60 "$limit" "${emulator[@]}" "$path" --gtest_output="json:$report" --gtest_color=no \
    </dev/null >"$output" 2>&1 &
  running=$!
  wait "$running" || status=$?
  running=
  count_cases "$program" "$status" "$report" "$output"
  printf '%-20s %s s\n' "$program" "$(seconds_since "$start")"
}

# run_programs BUILD SUITE
run_programs() {
  local programs name path
  programs=$(programs_of "$1" "$2")
  if [[ -z "$programs" ]]; then count_failed 'there is no program to run'; fi
  while IFS=$'\t' read -r name path; do
    if [[ -n "$name" ]]; then run_program "$name" "$path"; fi
  done <<<"$programs"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which files the checks look at. Sourced, with the working directory at the top of the tree that is checked.

# All files that belong to the project, one a line. Git lets nobody but the owner ask, root included; a release archive
# has no .git.
project_files() {
  if [[ -e .git ]]; then
    # A file that was removed and not yet committed is still listed.
    git -c safe.directory='*' ls-files --cached --others --exclude-standard | while IFS= read -r file; do
      if [[ -f "$file" ]]; then printf '%s\n' "$file"; fi
    done
  else
    find . -path './build*' -prune -o -type f -printf '%P\n'
  fi | sort
}

cpp_files() { project_files | grep -E '\.(cpp|hpp)$' || true; }

# Scripts by their name or their first line.
shell_files() {
  local file first
  project_files | while IFS= read -r file; do
    IFS= read -r first <"$file" 2>/dev/null || first=
    if [[ "$file" == *.sh || "$first" == '#!'*sh || "$first" == '#!'*'sh '* ]]; then printf '%s\n' "$file"; fi
  done
}

# require COMMAND: a check that cannot be made here says so.
require() {
  if ! command -v "$1" >/dev/null; then
    echo "SKIP runtime: $1 is not installed"
    exit 77
  fi
}

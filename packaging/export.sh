# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Gives the files of the project to the scripts that build packages. Sourced, with the working directory at the top.

version_of_project() { sed --quiet "s/^ *version: '\([^']*\)'.*/\1/p;T;q" meson.build; }

# Git lets nobody but the owner ask, root included.
git_here() { git -c safe.directory='*' "$@"; }

# In a container that `docker build` compiles in, there is a clone and no git.
is_clone() { [[ -e .git ]] && command -v git >/dev/null; }

# When the last commit was made, in seconds since 1970; of a release archive, when its files were.
time_of_tree() {
  if is_clone; then git_here log -1 --format=%ct; else stat --format=%Y meson.build; fi
}

# export_tree committed|working DIRECTORY: what HEAD holds, or what lies here of what git does not ignore.
export_tree() {
  mkdir -p "$2"
  if ! is_clone; then
    tar --create --exclude='./build*' --exclude=./.git . | tar --extract --directory="$2"
  elif [[ "$1" == committed ]]; then
    git_here archive HEAD | tar --extract --directory="$2"
  else
    git_here ls-files -z --cached --others --exclude-standard | xargs --null ls -d 2>/dev/null |
      tar --create --no-recursion --files-from=- | tar --extract --directory="$2"
  fi
}

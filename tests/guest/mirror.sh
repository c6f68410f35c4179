# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Where this machine has its Debian packages from. Sourced.

# shellcheck disable=SC2034
readonly debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The archive that its own release comes from. Without the release information, so that it does not matter whether the
# lists have been fetched.
debian_mirror() {
  local found
  # shellcheck source=/dev/null disable=SC2016
  found=$(source /etc/os-release && apt-get indextargets --no-release-info --format '$(REPO_URI)' \
    'Created-By: Packages' 'Component: main' "Release: ${VERSION_CODENAME-}")
  if [[ -z "$found" ]]; then
    echo 'apt names no package source of this release' >&2
    return 1
  fi
  printf '%s\n' "${found%%$'\n'*}"
}

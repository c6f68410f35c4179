// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/standard_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "dropwarden/util/check.hpp"

namespace dropwarden::sys {

Result<void> fill_standard_descriptors() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // Children inherit it, as they do what others have opened there.
    const int opened = ::open("/dev/null", O_RDONLY);
    if (opened < 0) return unexpected_errno("open", "/dev/null");
    util::check(opened == number, "those below are open, so it is the lowest number");
  }
  return {};
}

}  // namespace dropwarden::sys

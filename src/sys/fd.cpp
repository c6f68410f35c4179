// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/fd.hpp"

#include <unistd.h>

namespace dropwarden::sys {

void Fd::reset() {
  // Never retried on EINTR: Linux has closed the descriptor by then, see close(2).
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace dropwarden::sys

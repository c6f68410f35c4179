// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// Opens those of standard input, output and error that whoever started this program has closed: else the next
// file that is opened is one of them (open(2): the lowest number), and gets what is printed there. They are
// /dev/null to be read, so that input ends at once and writing fails (EBADF): who prints has to know that
// nobody has it. Before anything else is opened; one thread.
Result<void> fill_standard_descriptors();

}  // namespace dropwarden::sys

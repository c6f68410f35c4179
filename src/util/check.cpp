// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace dropwarden::util {

void check(bool holds, const char* invariant, std::source_location where) {
  if (holds) return;
  std::fprintf(stderr, "dropwarden: bug: %s (%s:%u in %s)\n", invariant, where.file_name(), where.line(),
               where.function_name());
  std::abort();
}

}  // namespace dropwarden::util

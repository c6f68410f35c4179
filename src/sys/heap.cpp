// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/heap.hpp"

#include <malloc.h>

namespace dropwarden::sys {

void bound_heap() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 10);
#endif
}

void trim_heap() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace dropwarden::sys

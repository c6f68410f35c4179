// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::sys {

// Bounds what glibc's allocator keeps of what was freed, from now on and in forked children: a block of 256
// KiB or more is a mapping of its own and goes with it, and the free end of a heap is given back from 512 KiB
// on. Without that the largest block that was ever freed, up to 32 MiB, becomes the bound of the one, and
// twice that of the other (mallopt(3), M_MMAP_THRESHOLD, M_TRIM_THRESHOLD): one long mount table, and each
// heap keeps as much for ever.
void bound_heap();

// Gives the kernel all whole pages that are free within the heaps of all threads (malloc_trim(3)): what a
// burst has left between what stays. Meanwhile no thread gets memory: some 0.1 ms for each MiB that is given
// back.
void trim_heap();

}  // namespace dropwarden::sys
